#include "coordinator/pages/chart.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

using namespace squall::coordinator;

namespace {

/// A wave with one spike up and one down.
ChartSeries wave(std::size_t points) {
  ChartSeries series;
  series.name = "wave";
  for (std::size_t i = 0; i < points; ++i) {
    series.x.push_back(static_cast<double>(i));
    series.y.emplace_back(10 + std::sin(static_cast<double>(i) / 50));
  }
  series.y[points / 3] = 99;
  series.y[points / 2] = -7;
  return series;
}

bool has(const ChartSeries& series, double x, double y) {
  for (std::size_t i = 0; i < series.x.size(); ++i)
    if (series.x[i] == x && series.y[i] == y) return true;
  return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(thinning_keeps_every_extreme_and_both_ends) {
  const ChartSeries all = wave(36'000);
  const ChartSeries few = thinned(all, 1000);
  BOOST_TEST(few.x.size() <= 1000u);
  BOOST_TEST(few.x.size() > 800u);
  BOOST_TEST(few.name == "wave");
  BOOST_TEST(has(few, 12'000, 99));
  BOOST_TEST(has(few, 18'000, -7));
  BOOST_TEST(few.x.front() == 0);
  BOOST_TEST(few.x.back() == 35'999);
  BOOST_TEST(std::ranges::is_sorted(few.x));
}

BOOST_AUTO_TEST_CASE(a_series_that_is_short_enough_stays_as_it_is) {
  const ChartSeries all = wave(1000);
  const ChartSeries same = thinned(all, 1000);
  BOOST_TEST(same.x.size() == 1000u);
  BOOST_TEST((same.y == all.y));
}

BOOST_AUTO_TEST_CASE(thinning_leaves_gaps_where_nothing_is_known) {
  ChartSeries all = wave(9000);
  for (std::size_t i = 3000; i < 6000; ++i) all.y[i].reset();
  const ChartSeries few = thinned(all, 300);
  const auto undefined =
      std::ranges::count_if(few.y, [](const auto& value) { return !value.has_value(); });
  BOOST_TEST(undefined >= 49);  // of 149 stretches a third
  for (std::size_t i = 0; i < few.x.size(); ++i)
    BOOST_TEST(few.y[i].has_value() == (few.x[i] < 3000 || few.x[i] >= 6000));
}

BOOST_AUTO_TEST_CASE(thinning_keeps_the_extremes_of_bands_too) {
  ChartSeries all = wave(9000);
  all.low = all.high = all.y;
  all.low[1234] = -500;
  all.high[4321] = 700;
  const ChartSeries few = thinned(all, 400);
  BOOST_TEST(few.x.size() <= 400u);
  BOOST_TEST(few.low.size() == few.x.size());
  BOOST_TEST(std::ranges::count(few.low, std::optional(-500.0)) == 1);
  BOOST_TEST(std::ranges::count(few.high, std::optional(700.0)) == 1);
}

BOOST_AUTO_TEST_CASE(what_is_undefined_is_null_in_a_chart) {
  Chart chart;
  chart.id = "c";
  chart.y.unit = "s";
  chart.series = {{"a",
                   ChartStyle::steps,
                   {0, 1, 2},
                   {1.5, std::nullopt, std::numeric_limits<double>::quiet_NaN()}}};
  chart.marks = {{"here", 1, true}};
  const auto json = chart_json(chart);
  BOOST_TEST(json.at("series").at(0).at("style") == "steps");
  BOOST_TEST(json.at("series").at(0).at("y").dump() == "[1.5,null,null]");
  BOOST_TEST(json.at("series").at(0).at("x").dump() == "[0,1,2]");
  BOOST_TEST(!json.at("series").at(0).contains("low"));
  BOOST_TEST(json.at("marks").at(0).at("horizontal") == true);
  BOOST_TEST(json.at("heat").is_null());
}

BOOST_AUTO_TEST_CASE(values_are_written_as_short_as_a_screen_allows) {
  Chart chart;
  chart.series = {{"a", ChartStyle::line, {1'763'761'234, 0.123456789}, {1.0 / 3, 1e-7}}};
  const auto series = chart_json(chart).at("series").at(0);
  BOOST_TEST(series.at("x").dump() == "[1763761234,0.123457]");
  BOOST_TEST(series.at("y").dump() == "[0.333333,1e-07]");
}

BOOST_AUTO_TEST_CASE(a_heat_map_has_one_row_for_each_stretch_of_time) {
  Chart chart;
  chart.heat = ChartHeat{{0, 1, 2}, {0.1, 0.2, 0.4, 0.8}, {{1, 2, 3}, {4, 5, 6}}};
  const auto heat = chart_json(chart).at("heat");
  BOOST_TEST(heat.at("rows").dump() == "[[1,2,3],[4,5,6]]");
  BOOST_TEST(heat.at("y_edges").size() == 4u);
}
