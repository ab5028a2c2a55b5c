// What the page of a comparison says and draws.

#include "coordinator/compare/output/comparison_page.hpp"

#include <boost/test/unit_test.hpp>

#include "coordinator/compare/output/junit_comparison.hpp"
#include "coordinator/compare/percentile_curve.hpp"
#include "tests/coordinator/compare/compared_runs.hpp"
#include "tests/coordinator/pages/read_page.hpp"

using namespace squall::coordinator;
using namespace squall::tests;
using nlohmann::json;

namespace {

constexpr const char* hostile = "<script>alert(1)</script>";

/// Six runs a side: ttft_p99 a fifth slower, a tenth fewer tokens a second.
RunComparison slower(const ComparisonOptions& options = {}) {
  auto base = runs_with("ttft_p99", {0.300, 0.301, 0.302, 0.303, 0.304, 0.305}, "a");
  auto run = runs_with("ttft_p99", {0.360, 0.361, 0.362, 0.363, 0.364, 0.365}, "b");
  for (auto& each : run) each.figures["tokens_per_second"] = 900;
  return compare_runs(std::move(base), std::move(run), options);
}

json chart_in(const RunComparison& comparison, const std::string& id) {
  return chart_called(charts_of_page(comparison_page(comparison)), id);
}

/// Where the value of this figure stands in the chart of changes.
std::size_t place_of(const json& chart, const std::string& figure) {
  const auto names = chart.at("x").at("names").get<std::vector<std::string>>();
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), figure) - names.begin());
}

double value_at(const json& series, const std::string& column, std::size_t place) {
  for (std::size_t i = 0; i < series.at("x").size(); ++i)
    if (series.at("x").at(i) == place) return series.at(column).at(i).get<double>();
  throw std::out_of_range("nothing at " + std::to_string(place));
}

std::vector<double> numbers(const json& list) { return list.get<std::vector<double>>(); }

}  // namespace

BOOST_AUTO_TEST_CASE(the_judgement_stands_first_and_figures_with_their_margins_below) {
  const std::string html = comparison_page(slower());
  BOOST_TEST(page_says(html, "<p class=\"word\">REGRESSION</p>"));
  BOOST_TEST(page_says(html, "(exit code 11)"));
  BOOST_TEST(page_says(html, "<td class=\"number\">+19.8 %</td>"));
  BOOST_TEST(page_says(html, "<td class=\"number\">+10.0 %</td>"));  // its margin
  BOOST_TEST(page_says(html, "<td class=\"bad\">regression</td>"));
  BOOST_TEST(page_says(html, "<td class=\"good\">pass</td>"));
  BOOST_TEST(page_says(html, "unpaired: whatever else changed"));
  for (const char* id : {"figures", "values", "runs", "glossary"})
    BOOST_TEST(page_says(html, "<h2 id=\"" + std::string(id) + "\">"), id);
}

BOOST_AUTO_TEST_CASE(upwards_is_worse_whichever_way_is_better) {
  const json chart = chart_in(slower(), "changes");
  const json change = series_called(chart, "change");
  const json margin = series_called(chart, "margin");
  BOOST_REQUIRE(change.is_object());
  const std::size_t ttft = place_of(chart, "ttft_p99");
  BOOST_TEST(value_at(change, "y", ttft) == 0.199, boost::test_tools::tolerance(0.01));
  BOOST_TEST(value_at(change, "low", ttft) > 0.18);
  BOOST_TEST(value_at(change, "high", ttft) < 0.22);
  BOOST_TEST(value_at(margin, "y", ttft) == 0.1);
  const std::size_t tokens = place_of(chart, "tokens_per_second");
  BOOST_TEST(value_at(change, "y", tokens) == 0.1, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(value_at(margin, "y", tokens) == 0.05);
  for (std::size_t i = 0; i < change.at("y").size(); ++i) {
    BOOST_TEST(change.at("low").at(i).get<double>() <= change.at("y").at(i).get<double>());
    BOOST_TEST(change.at("y").at(i).get<double>() <= change.at("high").at(i).get<double>());
  }
}

BOOST_AUTO_TEST_CASE(a_change_without_an_interval_is_told_apart) {
  const auto two = compare_runs({a_run("a")}, {a_run("b")}, {});
  const json chart = chart_in(two, "changes");
  BOOST_TEST(series_called(chart, "change").is_null());
  BOOST_TEST(series_called(chart, "change, interval open").at("x").size() == 5u);
  BOOST_TEST(page_says(comparison_page(two), "<p class=\"word\">INCONCLUSIVE</p>"));
}

BOOST_AUTO_TEST_CASE(every_run_is_a_point_beside_the_median_of_its_side) {
  const json chart = chart_in(slower(), "values-ttft-p99");
  BOOST_TEST(chart.at("linked") == "runs");
  BOOST_TEST(chart.at("x").at("names").size() == 12u);
  BOOST_TEST(chart.at("x").at("names").at(6) == "run 1");
  const json run = series_called(chart, "run");
  BOOST_TEST(numbers(run.at("x")) == (std::vector<double>{6, 7, 8, 9, 10, 11}),
             boost::test_tools::per_element());
  BOOST_TEST(value_at(run, "y", 11) == 0.365);
  const json median = series_called(chart, "base, median");
  BOOST_TEST(numbers(median.at("x")) == (std::vector<double>{0, 5}),
             boost::test_tools::per_element());
  BOOST_TEST(median.at("y").at(0).get<double>() == 0.3025, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(of_pairs_both_runs_stand_at_one_place) {
  ComparisonOptions options;
  options.paired = true;
  const json chart = chart_in(slower(options), "values-ttft-p99");
  BOOST_TEST(chart.at("x").at("names").size() == 6u);
  BOOST_TEST(chart.at("x").at("names").at(5) == "pair 6");
  BOOST_TEST(
      numbers(series_called(chart, "run").at("x")) == numbers(series_called(chart, "base").at("x")),
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_only_known_as_at_least_is_drawn_as_such) {
  auto run = runs_with("ttft_p99", {0.36, 0.36, 0.36, 0.36, 0.36}, "b");
  run[2].figures.erase("ttft_p99");
  run[2].at_least["ttft_p99"] = 5;
  const auto base = runs_with("ttft_p99", {0.3, 0.3, 0.3, 0.3, 0.3}, "a");
  const json chart = chart_in(compare_runs(base, run, {}), "values-ttft-p99");
  BOOST_TEST(series_called(chart, "run").at("x").size() == 4u);
  const json bound = series_called(chart, "run, at least");
  BOOST_TEST(value_at(bound, "y", 7) == 5.0);
}

namespace {

/// Three of five runs know ttft_p99 only as at least 5 s.
RunComparison mostly_bounds(std::vector<RunFigures> base) {
  auto run = runs_with("ttft_p99", {0.36, 0.36, 0.36, 0.36, 0.36}, "b");
  for (std::size_t i = 2; i < 5; ++i) {
    run[i].figures.erase("ttft_p99");
    run[i].at_least["ttft_p99"] = 5;
  }
  return compare_runs(std::move(base), std::move(run), {});
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_median_that_is_drawn_is_the_one_of_the_table) {
  const auto base = runs_with("ttft_p99", {0.3, 0.3, 0.3, 0.3, 0.3}, "a");
  const auto judged = mostly_bounds(base);
  BOOST_TEST(page_says(comparison_page(judged), "<td class=\"number\">5.00 s</td>"));
  const auto drawn = [](const RunComparison& comparison, const char* series) {
    return series_called(chart_in(comparison, "values-ttft-p99"), series).at("y").at(0).dump();
  };
  BOOST_TEST(drawn(judged, "run, median") == "5");
  BOOST_TEST(drawn(judged, "base, median") == "0.3");
  auto other = base;
  for (auto& each : other) each.model = "another-model";
  for (std::size_t i = 0; i < 3; ++i) {  // of a base no bound counts
    other[i].at_least["ttft_p99"] = 9;
    other[i].figures.erase("ttft_p99");
  }
  const auto incomparable = mostly_bounds(other);
  BOOST_TEST(incomparable.figures.empty());
  BOOST_TEST(drawn(incomparable, "run, median") == "5");
  BOOST_TEST(drawn(incomparable, "base, median") == "0.3");
}

BOOST_AUTO_TEST_CASE(of_a_pair_without_a_figure_in_the_base_the_run_is_not_in_the_median) {
  auto base = runs_with("ttft_p99", {0.3, 0.3, 0.3, 0.3, 0.3, 0.3}, "a");
  for (std::size_t i = 0; i < 4; ++i) base[i].figures.erase("ttft_p99");
  ComparisonOptions options;
  options.paired = true;
  const auto comparison =
      compare_runs(base, runs_with("ttft_p99", {5, 5, 5, 5, 0.36, 0.36}, "b"), options);
  const json chart = chart_in(comparison, "values-ttft-p99");
  BOOST_TEST(series_called(chart, "run, median").at("y").at(0) == 0.36);
}

BOOST_AUTO_TEST_CASE(a_run_that_knows_a_figure_as_at_least_says_so_in_its_row) {
  const std::string html =
      comparison_page(mostly_bounds(runs_with("ttft_p99", {0.3, 0.3, 0.3, 0.3, 0.3}, "a")));
  BOOST_TEST(page_says(html, "<td class=\"number\">≥ 5.00 s</td>"));
  BOOST_TEST(page_says(html, "<td class=\"number\">360 ms</td>"));
}

BOOST_AUTO_TEST_CASE(a_change_that_bounds_leave_open_is_no_closed_interval) {
  const auto comparison = mostly_bounds(runs_with("ttft_p99", {0.3, 0.3, 0.3, 0.3, 0.3}, "a"));
  const json chart = chart_in(comparison, "changes");
  const std::size_t place = place_of(chart, "ttft_p99");
  BOOST_TEST(value_at(series_called(chart, "change, interval open"), "y", place) > 1);
  BOOST_CHECK_THROW(value_at(series_called(chart, "change"), "y", place), std::out_of_range);
}

BOOST_AUTO_TEST_CASE(runs_that_cannot_be_compared_are_shown_with_what_differs) {
  auto run = runs_with("ttft_p99", {0.3, 0.3}, "b");
  for (auto& each : run) each.model = "another-model";
  const auto comparison = compare_runs(runs_with("ttft_p99", {0.3}, "a"), run, {});
  const std::string html = comparison_page(comparison);
  BOOST_TEST(page_says(html, "<p class=\"word\">INCOMPARABLE</p>"));
  BOOST_TEST(page_says(html, "exit code 14"));
  BOOST_TEST(page_says(html, "<h2 id=\"differences\">"));
  BOOST_TEST(page_says(html, "<td class=\"doubtful\">another-model [ab12]</td>"));
  BOOST_TEST(chart_in(comparison, "changes").is_null());
  BOOST_TEST(chart_in(comparison, "values-ttft-p99").is_object());
}

BOOST_AUTO_TEST_CASE(what_others_wrote_stays_text_on_the_page_of_a_comparison) {
  auto base = runs_with("ttft_p99", {0.3}, hostile);
  auto run = runs_with("ttft_p99", {0.3}, std::string("other ") + hostile);
  base[0].scenario = run[0].scenario = run[0].model = hostile;
  run[0].outcome = "fail";
  base[0].banners = {hostile};
  ComparisonOptions options;
  options.base_name = options.run_name = hostile;
  const std::string html = comparison_page(compare_runs(base, run, options));
  BOOST_TEST(html.find("<script>alert") == std::string::npos);
  BOOST_TEST(page_says(html, "<p class=\"banner\" role=\"note\">&lt;script&gt;alert(1)"));
  BOOST_TEST(page_says(html, "Comparison: &lt;script&gt;alert(1)"));
}

BOOST_AUTO_TEST_CASE(a_simulated_run_is_said_on_top_once) {
  auto base = runs_with("ttft_p99", {0.3, 0.3}, "a");
  for (auto& each : base) each.banners = {"SIMULATED TARGET: nothing was inferred"};
  const auto comparison = compare_runs(base, base, {});
  BOOST_TEST(comparison.banners.size() == 1u);
  BOOST_TEST(page_says(comparison_page(comparison), "SIMULATED TARGET"));
  const std::string xml = junit_comparison(comparison);
  BOOST_TEST(xml.find("<property name=\"banner\" value=\"SIMULATED TARGET: nothing was") !=
             std::string::npos);
  BOOST_TEST(junit_comparison(slower()).find("<properties>") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_course_that_broke_off_is_no_pass) {
  auto comparison = slower();
  comparison.judgement = Judgement::pass;
  comparison.sentence = "PASS: no gated figure is worse by its margin";
  end_with(comparison, {13, "invalid", "three rounds could not be used", false});
  const std::string html = comparison_page(comparison);
  BOOST_TEST(page_says(html, "<section class=\"verdict doubtful\">"));
  BOOST_TEST(page_says(html, "<p class=\"word\">PASS, INVALID</p>"));
  BOOST_TEST(page_says(html, "three rounds could not be used (exit code 13)"));
}

BOOST_AUTO_TEST_CASE(curves_are_medians_with_the_band_of_all_runs_up_to_the_shortest) {
  auto base = runs_with("ttft_p99", {0.3, 0.3, 0.3}, "a");
  base[0].curves["ttft"] = {1, 2, 3, 4};
  base[1].curves["ttft"] = {2, 4, 6};
  base[2].curves["ttft"] = {9, 9, 9, 9};
  auto run = runs_with("ttft_p99", {0.3}, "b");
  run[0].curves["ttft"] = {5, 6};
  const json chart = chart_in(compare_runs(base, run, {}), "curves-ttft");
  const json curve = series_called(chart, "base");
  BOOST_TEST(numbers(curve.at("y")) == (std::vector<double>{2, 4, 6}),
             boost::test_tools::per_element());
  BOOST_TEST(numbers(curve.at("low")) == (std::vector<double>{1, 2, 3}),
             boost::test_tools::per_element());
  BOOST_TEST(numbers(curve.at("high")) == (std::vector<double>{9, 9, 9}),
             boost::test_tools::per_element());
  BOOST_TEST(!series_called(chart, "run").contains("low"));
}

BOOST_AUTO_TEST_CASE(a_curve_holds_the_values_of_its_percentiles_and_ends_with_the_answers) {
  squall::actors::Histogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.record(std::chrono::milliseconds(i));
  const auto curve = percentile_curve(histogram, 1000);
  BOOST_TEST(curve.front() == 0.001, boost::test_tools::tolerance(0.01));
  BOOST_TEST(curve.back() == 1.0, boost::test_tools::tolerance(0.002));
  for (std::size_t i = 0; i < curve.size(); ++i)
    if (curve_percentile(i) < 99.9)  // beyond, every point is the last rank
      BOOST_TEST(std::abs(curve[i] - curve_percentile(i) / 100) < 0.003);
  // A tenth had no answer: the curve ends at p90.
  const auto cut = percentile_curve(histogram, 1111);
  BOOST_TEST(curve_percentile(cut.size() - 1) < 90.1);
  BOOST_TEST(curve_percentile(cut.size()) > 89.9);
  BOOST_TEST(percentile_curve({}, 5).empty());
}
