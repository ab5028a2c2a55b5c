// What the page of a trend says and draws.

#include "coordinator/compare/trend/trend_page.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "tests/coordinator/pages/read_page.hpp"

using namespace squall::coordinator;
using namespace squall::tests;
using nlohmann::json;

namespace {

/// A run for each value of ttft_p50.
std::vector<StoredRun> history(const std::vector<double>& values) {
  std::vector<StoredRun> runs;
  for (const double value : values) {
    StoredRun run;
    run.beginning.run = "run-" + std::to_string(runs.size());
    run.beginning.scenario = "chat";
    run.beginning.started_at = "2026-11-21T06:00:00Z";
    run.state = "finished";
    run.outcome = "pass";
    run.figures["ttft_p50"] = value;
    runs.push_back(run);
  }
  return runs;
}

std::string page_of(const std::vector<StoredRun>& runs) {
  const auto series = series_of(runs);
  return trend_page(series, {trend_of("ttft_p50", series, runs, 1)});
}

json chart_in(const std::vector<StoredRun>& runs) {
  return chart_called(charts_of_page(page_of(runs)), "trend-ttft-p50");
}

/// Twelve runs about 0.1 s, twelve about 0.2 s, the fifth far off.
std::vector<double> stepped() {
  std::vector<double> values;
  for (int i = 0; i < 24; ++i) values.push_back((i < 12 ? 0.1 : 0.2) * (1 + 0.001 * ((i * 7) % 5)));
  values[4] = 0.15;
  return values;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_change_of_level_is_said_first_and_marked_where_it_began) {
  const auto runs = history(stepped());
  const std::string html = page_of(runs);
  BOOST_TEST(page_says(html, "<p class=\"word\">CHANGED</p>"));
  BOOST_TEST(page_says(html, "ttft_p50 worse by +"));
  BOOST_TEST(page_says(html, "from run run-12 on"));
  const json chart = chart_in(runs);
  BOOST_REQUIRE(chart.at("marks").size() == 1u);
  BOOST_TEST(chart.at("marks").at(0).at("at") == 11.5);
  BOOST_TEST(chart.at("marks").at(0).at("label").get<std::string>().starts_with("worse by +"));
  const json levels = series_called(chart, "level");
  BOOST_TEST(levels.at("x").dump() == "[0,11,11.5,12,23,23.5]");
  BOOST_TEST(levels.at("y").at(0).get<double>() == 0.1, boost::test_tools::tolerance(0.01));
  BOOST_TEST(levels.at("y").at(4).get<double>() == 0.2, boost::test_tools::tolerance(0.01));
  BOOST_TEST(levels.at("y").at(2).is_null());
}

BOOST_AUTO_TEST_CASE(an_odd_run_is_a_point_of_its_own_and_stands_out_in_the_table) {
  const auto runs = history(stepped());
  const json odd = series_called(chart_in(runs), "odd");
  BOOST_TEST(odd.at("x").dump() == "[4]");
  BOOST_TEST(odd.at("y").dump() == "[0.15]");
  const std::string html = page_of(runs);
  BOOST_TEST(page_says(html, "Odd: run run-4 with 150 ms"));
  BOOST_TEST(page_says(html, "<td class=\"doubtful number\">150 ms</td>"));
}

BOOST_AUTO_TEST_CASE(the_line_of_the_slope_follows_growth_by_a_share) {
  std::vector<double> values;
  for (int i = 0; i < 9; ++i) values.push_back(0.1 * std::pow(1.05, i));
  const auto runs = history(values);
  const json chart = chart_in(runs);
  const json line = series_called(chart, "slope");
  BOOST_REQUIRE(line.at("y").size() == 9u);
  for (std::size_t i = 0; i < 9; ++i)
    BOOST_TEST(line.at("y").at(i).get<double>() == values[i], boost::test_tools::tolerance(1e-4));
  const std::string html = page_of(runs);
  BOOST_TEST(page_says(html, "<p class=\"word\">DRIFTING</p>"));
  BOOST_TEST(page_says(html, "+5.00 % a run"));
  BOOST_TEST(page_says(html, "getting worse"));
  BOOST_TEST(page_says(html, "<section class=\"verdict doubtful\">"));
}

BOOST_AUTO_TEST_CASE(runs_that_lack_a_figure_keep_their_place) {
  auto runs = history({0.1, 0.1, 0.1, 0.1});
  runs[1].figures.clear();
  const json chart = chart_in(runs);
  BOOST_TEST(chart.at("x").at("names").size() == 4u);
  BOOST_TEST(chart.at("series").at(0).at("x").dump() == "[0,2,3]");
  BOOST_TEST(chart.at("linked") == "runs");
}

BOOST_AUTO_TEST_CASE(nothing_is_claimed_of_a_short_or_a_steady_history) {
  BOOST_TEST(page_says(page_of(history({0.1, 0.1})), "<p class=\"word\">TOO FEW RUNS</p>"));
  BOOST_TEST(page_says(page_of(history(std::vector<double>(9, 0.1))), "TOO FEW RUNS"));
  BOOST_TEST(page_says(page_of(history(std::vector<double>(10, 0.1))), "STEADY"));
  std::vector<double> steady;
  for (int i = 0; i < 12; ++i) steady.push_back(0.1 + 0.001 * ((i * 5) % 3));
  BOOST_TEST(page_says(page_of(history(steady)), "<p class=\"word\">STEADY</p>"));
}

BOOST_AUTO_TEST_CASE(a_figure_that_few_runs_have_is_not_steady) {
  for (const std::size_t having : {0u, 3u, 9u}) {
    auto runs = history(std::vector<double>(12, 0.1));
    for (std::size_t i = having; i < 12; ++i) runs[i].figures.clear();
    const std::string html = page_of(runs);
    BOOST_TEST(page_says(html, "<p class=\"word\">TOO FEW RUNS</p>"));
    BOOST_TEST(page_says(html, std::to_string(having) + " of 12 runs have ttft_p50"));
  }
  auto runs = history(std::vector<double>(12, 0.1));
  runs[0].figures.clear();
  runs[1].figures.clear();
  BOOST_TEST(page_says(page_of(runs), "<p class=\"word\">STEADY</p>"));
}

BOOST_AUTO_TEST_CASE(a_drift_is_told_beside_a_change_of_another_figure) {
  auto runs = history(stepped());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].figures["ttft_p50"] = 0.3 - runs[i].figures["ttft_p50"];  // it got better
    if (i < 8) runs[i].figures["e2e_p50"] = 0.1 * std::pow(1.05, static_cast<double>(i));
  }
  const auto series = series_of(runs);
  const std::string html = trend_page(
      series, {trend_of("ttft_p50", series, runs, 1), trend_of("e2e_p50", series, runs, 1)});
  BOOST_TEST(page_says(html, "<p class=\"word\">CHANGED, DRIFTING</p>"));
  BOOST_TEST(page_says(html, "<section class=\"verdict doubtful\">"));
  BOOST_TEST(page_says(html, "ttft_p50 better by"));
  BOOST_TEST(page_says(html, "; e2e_p50 +5.00 % a run"));
}

BOOST_AUTO_TEST_CASE(what_others_wrote_stays_text_on_the_page_of_a_trend) {
  auto runs = history({0.1, 0.1, 0.1});
  for (auto& run : runs) {
    run.beginning.scenario = run.model_fingerprint = "<script>alert(1)</script>";
    run.beginning.run += "<img src=x>";
  }
  auto series = series_of(runs);
  series.banners = {"SIMULATED <b>TARGET</b>"};
  const std::string html = trend_page(series, {trend_of("ttft_p50", series, runs, 1)});
  BOOST_TEST(html.find("<script>alert") == std::string::npos);
  BOOST_TEST(text_of_page(html).find("<img") == std::string::npos);
  BOOST_TEST(page_says(html, "Trend: &lt;script&gt;alert(1)"));
  BOOST_TEST(page_says(html, "SIMULATED &lt;b&gt;TARGET"));
}
