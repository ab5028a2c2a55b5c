// When a comparison passes, fails, and says that it does not know.

#include "coordinator/compare/run_comparison.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "tests/coordinator/compare/compared_runs.hpp"

using namespace squall::coordinator;

namespace {

using Values = std::vector<double>;

RunComparison compared(const std::string& figure, const Values& base, const Values& run,
                       ComparisonOptions options = {}) {
  return compare_runs(runs_with(figure, base, "a"), runs_with(figure, run, "b"), options);
}

/// Values around `middle`, a percent apart.
Values around(double middle, std::size_t count = 5, double step = 0.01) {
  Values values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(middle *
                     (1 + step * (static_cast<double>(i) - static_cast<double>(count - 1) / 2)));
  return values;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(equal_sides_pass) {
  const auto result = compared("ttft_p99", around(0.3), around(0.3));
  BOOST_TEST(word(result.judgement) == "pass");
  BOOST_TEST(exit_code(result.judgement) == 0);
  BOOST_TEST(figure_of(result, "ttft_p99").change == 0.0);
}

BOOST_AUTO_TEST_CASE(a_clear_slowdown_beyond_the_margin_is_a_regression) {
  const auto result = compared("ttft_p99", around(0.3), around(0.36));
  BOOST_TEST(word(result.judgement) == "regression");
  BOOST_TEST(exit_code(result.judgement) == 11);
  const auto& figure = figure_of(result, "ttft_p99");
  BOOST_TEST(figure.change == 0.2, boost::test_tools::tolerance(0.02));
  BOOST_TEST(figure.low > 0.1);
  BOOST_TEST(figure.p == 2.0 / 252, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(contains(result.sentence, "ttft_p99 +20.0 %"), result.sentence);
}

BOOST_AUTO_TEST_CASE(more_tokens_per_second_is_better_and_fewer_is_worse) {
  const auto better = compared("tokens_per_second", around(1000), around(1200));
  BOOST_TEST(word(better.judgement) == "pass");
  BOOST_TEST(figure_of(better, "tokens_per_second").better);
  const auto worse = compared("tokens_per_second", around(1000), around(900));
  BOOST_TEST(word(worse.judgement) == "regression");
  const auto& figure = figure_of(worse, "tokens_per_second");
  BOOST_TEST(figure.change == -0.1, boost::test_tools::tolerance(0.02));
  BOOST_TEST(figure.low < figure.high);
  BOOST_TEST(figure.high < 0);
}

BOOST_AUTO_TEST_CASE(a_certain_change_below_the_margin_passes_and_one_about_the_margin_is_open) {
  // Certainly slower by 3 %, certainly by less than 10 %.
  const auto small = compared("ttft_p99", around(0.3, 5, 0.001), around(0.309, 5, 0.001));
  BOOST_TEST(figure_of(small, "ttft_p99").low > 0);
  BOOST_TEST(word(small.judgement) == "pass");
  // 9 % with an interval beyond 10 %: below the margin, but not certainly.
  const auto near = compared("ttft_p99", around(0.3), around(0.327));
  BOOST_TEST(word(near.judgement) == "inconclusive");
  BOOST_TEST(exit_code(near.judgement) == 12);
  BOOST_TEST(near.more_runs > 0u);
}

BOOST_AUTO_TEST_CASE(the_margin_itself_counts_as_worse) {
  const Values base(5, 0.25);
  const Values run(5, 0.5);
  ComparisonOptions options;
  options.gates = {{"error_rate", 0.25}};
  BOOST_TEST(word(compared("error_rate", base, run, options).judgement) == "regression");
  options.gates = {{"error_rate", 0.26}};
  BOOST_TEST(word(compared("error_rate", base, run, options).judgement) == "pass");
}

BOOST_AUTO_TEST_CASE(a_large_change_that_may_be_chance_is_inconclusive) {
  const auto result =
      compared("ttft_p50", {0.10, 0.08, 0.15, 0.09, 0.11}, {0.14, 0.09, 0.17, 0.12, 0.10});
  const auto& figure = figure_of(result, "ttft_p50");
  BOOST_TEST(figure.change > 0.05);
  BOOST_TEST(figure.low < 0);
  BOOST_TEST(word(result.judgement) == "inconclusive");
  BOOST_TEST(contains(figure.why, "may be chance"), figure.why);
}

BOOST_AUTO_TEST_CASE(fewer_than_five_runs_a_side_are_never_enough_and_the_rest_is_asked_for) {
  const auto result = compared("ttft_p99", around(0.3), around(0.6, 4));
  BOOST_TEST(word(result.judgement) == "inconclusive");
  BOOST_TEST(result.more_runs == 1u);
  BOOST_TEST(contains(figure_of(result, "ttft_p99").why, "5 a side"));
}

BOOST_AUTO_TEST_CASE(five_pairs_allow_no_interval_and_six_do) {
  ComparisonOptions options;
  options.paired = true;
  const auto five = compared("ttft_p99", around(0.3), around(0.36), options);
  BOOST_TEST(word(five.judgement) == "inconclusive");
  BOOST_TEST(five.more_runs == 1u);
  options.gates = {{"ttft_p99", 0.1}};  // alone: p of 2/64 is enough
  const auto six = compared("ttft_p99", around(0.3, 6), around(0.36, 6), options);
  BOOST_TEST(word(six.judgement) == "regression");
}

BOOST_AUTO_TEST_CASE(pairs_see_through_a_drift_that_both_sides_share) {
  Values base;
  Values run;
  for (int i = 0; i < 8; ++i) {
    base.push_back(0.1 * std::pow(1.2, i));
    run.push_back(base.back() * (1.1 + 0.002 * i));
  }
  ComparisonOptions options;
  options.gates = {{"ttft_p50", 0.05}};
  BOOST_TEST(word(compared("ttft_p50", base, run, options).judgement) == "inconclusive");
  options.paired = true;
  BOOST_TEST(word(compared("ttft_p50", base, run, options).judgement) == "regression");
}

BOOST_AUTO_TEST_CASE(holm_asks_more_of_each_when_more_are_gated) {
  // One value out of order: p = 4/252, enough alone and for three, not for five.
  const Values base{0.300, 0.301, 0.302, 0.303, 0.340};
  const Values run{0.335, 0.345, 0.346, 0.347, 0.348};
  ComparisonOptions alone;
  alone.gates = {{"ttft_p99", 0.1}};
  BOOST_TEST(word(compared("ttft_p99", base, run, alone).judgement) == "regression");
  const auto among_five = compared("ttft_p99", base, run);
  BOOST_TEST(word(among_five.judgement) == "inconclusive");
  BOOST_TEST(figure_of(among_five, "ttft_p99").adjusted_p == 5 * 4.0 / 252,
             boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(error_rates_are_compared_in_points_so_that_none_can_be_compared_at_all) {
  const auto none = compared("error_rate", Values(5, 0.0), Values(5, 0.0));
  BOOST_TEST(word(none.judgement) == "pass");
  const auto many = compared("error_rate", Values(5, 0.0), {0.03, 0.04, 0.05, 0.04, 0.03});
  BOOST_TEST(word(many.judgement) == "regression");
  BOOST_TEST(figure_of(many, "error_rate").change == 0.04, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(invalid_and_interrupted_runs_are_left_out_and_named) {
  auto base = runs_with("ttft_p99", around(0.3, 6), "a");
  auto run = runs_with("ttft_p99", around(0.3, 6), "b");
  base[2].outcome = "invalid";
  base[2].figures["ttft_p99"] = 99;
  run[0].outcome = "interrupted";
  const auto result = compare_runs(base, run, {});
  BOOST_TEST(word(result.judgement) == "pass");
  BOOST_TEST(result.base.runs.size() == 5u);
  BOOST_REQUIRE(result.base.left_out.size() == 1u);
  BOOST_TEST(result.base.left_out.front() == "a3: invalid");
  BOOST_TEST(result.run.left_out.front() == "b1: interrupted");
}

BOOST_AUTO_TEST_CASE(of_a_pair_with_an_invalid_run_neither_counts) {
  auto base = runs_with("ttft_p99", around(0.3, 8), "a");
  auto run = runs_with("ttft_p99", around(0.3, 8), "b");
  base[1].outcome = "invalid";
  run[4].outcome = "invalid";
  ComparisonOptions options;
  options.paired = true;
  const auto result = compare_runs(base, run, options);
  BOOST_TEST(result.base.runs.size() == 6u);
  BOOST_TEST(result.run.runs.size() == 6u);
  BOOST_TEST(result.base.runs[1] == "a3");
  BOOST_TEST(result.run.runs[1] == "b3");
}

BOOST_AUTO_TEST_CASE(a_withheld_percentile_is_inconclusive_and_says_why) {
  auto base = runs_with("ttft_p50", around(0.1), "a");
  auto run = runs_with("ttft_p50", around(0.1), "b");
  for (auto* side : {&base, &run})
    for (auto& each : *side) {
      each.figures.erase("ttft_p99");
      each.withheld["ttft_p99"] = "p99: insufficient (n = 100, needs 368)";
    }
  const auto result = compare_runs(base, run, {});
  BOOST_TEST(word(result.judgement) == "inconclusive");
  BOOST_TEST(contains(figure_of(result, "ttft_p99").why, "needs 368"));
  ComparisonOptions options;
  options.gates = gates_of({"-ttft_p99"}, false);
  BOOST_TEST(word(compare_runs(base, run, options).judgement) == "pass");
}

BOOST_AUTO_TEST_CASE(one_run_that_withholds_a_gated_percentile_leaves_it_open) {
  const auto base = runs_with("ttft_p99", around(0.3, 6), "a");
  auto run = runs_with("ttft_p99", around(0.3, 6), "b");
  run[2].figures.erase("ttft_p99");
  run[2].withheld["ttft_p99"] = "p99: insufficient (n = 100, needs 368)";
  auto result = compare_runs(base, run, {});
  BOOST_TEST(word(result.judgement) == "inconclusive");
  BOOST_TEST(contains(figure_of(result, "ttft_p99").why, "in run b3"));
  BOOST_TEST(result.more_runs == 0u);
  run[2].outcome = "invalid";  // it does not count, so it leaves nothing open
  BOOST_TEST(word(compare_runs(base, run, {}).judgement) == "pass");
}

BOOST_AUTO_TEST_CASE(no_number_of_runs_is_named_while_one_figure_cannot_be_decided_by_any) {
  auto base = runs_with("ttft_p50", around(0.1), "a");
  auto run = runs_with("ttft_p50", around(0.1), "b");
  run.pop_back();
  BOOST_TEST(compare_runs(base, run, {}).more_runs == 1u);
  for (auto* side : {&base, &run})
    for (auto& each : *side) {
      each.figures.erase("ttft_p99");
      each.withheld["ttft_p99"] = "p99: insufficient (n = 100, needs 368)";
    }
  const auto result = compare_runs(base, run, {});
  BOOST_TEST(result.more_runs == 0u);
  BOOST_TEST(!contains(result.sentence, "about"), result.sentence);
}

BOOST_AUTO_TEST_CASE(a_percentile_that_is_only_known_as_at_least_is_no_figure_to_compare) {
  const RunFigures run = figures_of_report(
      R"({"schema": "squall-run/4", "run": {"id": "r", "started_at": "t", "tool_version": "0.1.0"},
    "verdict": {"outcome": "pass"}, "scenario": {"name": "s", "hash": "h", "seed": 7},
    "target": {"kind": "openai"}, "agents": [], "throughput": {}, "phases": {"measure": {
    "ledger": {"ok": 9, "error": 0, "timeout": 1}, "durations": {"ttft": {"percentiles": [
    {"percentile": 50.0, "value": 0.1, "at_least": false, "withheld": null},
    {"percentile": 99.0, "value": 2.0, "at_least": true, "withheld": null}]}}}}})");
  BOOST_TEST(run.figures.at("ttft_p50") == 0.1);
  BOOST_TEST(!run.figures.contains("ttft_p99"));
  BOOST_REQUIRE(run.withheld.contains("ttft_p99"));
  BOOST_TEST(contains(run.withheld.at("ttft_p99"), "at least"));
  BOOST_TEST(run.at_least.at("ttft_p99") == 2.0);
  BOOST_TEST(run.at_least.size() == 1u);
}

namespace {

/// The same, of which some know `figure` only as a lower bound.
std::vector<RunFigures> with_bounds(std::vector<RunFigures> runs, const std::string& figure,
                                    std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    runs[i].at_least[figure] = runs[i].figures.at(figure);
    runs[i].figures.erase(figure);
    runs[i].withheld[figure] = "only known as \"at least\"; more time";
  }
  return runs;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_lower_bound_of_the_new_side_proves_a_regression) {
  const auto base = runs_with("ttft_p99", around(0.3), "a");
  const auto run = with_bounds(runs_with("ttft_p99", around(0.36), "b"), "ttft_p99", 2);
  const auto result = compare_runs(base, run, {});
  BOOST_TEST(word(result.judgement) == "regression");
  const auto& figure = figure_of(result, "ttft_p99");
  BOOST_TEST(figure.change == 0.2, boost::test_tools::tolerance(0.02));
  BOOST_TEST(std::isinf(figure.high));
  BOOST_TEST(contains(figure.why, "in 2 of 5 runs it is only known as \"at least\""), figure.why);
}

BOOST_AUTO_TEST_CASE(a_lower_bound_of_the_new_side_never_proves_a_pass) {
  const auto base = runs_with("ttft_p99", around(0.3), "a");
  for (const double middle : {0.3, 0.15}) {  // equal, and half
    const auto run = with_bounds(runs_with("ttft_p99", around(middle), "b"), "ttft_p99", 1);
    const auto result = compare_runs(base, run, {});
    BOOST_TEST(word(result.judgement) == "inconclusive");
    const auto& figure = figure_of(result, "ttft_p99");
    BOOST_TEST(!figure.better);
    BOOST_TEST(figure.never_decided);
    BOOST_TEST(contains(figure.why, "more time to be answered"), figure.why);
    BOOST_TEST(!contains(figure.why, "measure longer"), figure.why);
  }
}

BOOST_AUTO_TEST_CASE(a_lower_bound_of_the_base_side_decides_nothing) {
  const auto base = with_bounds(runs_with("ttft_p99", around(0.3), "a"), "ttft_p99", 1);
  for (const double middle : {0.2, 0.3, 0.6}) {
    const auto result = compare_runs(base, runs_with("ttft_p99", around(middle), "b"), {});
    BOOST_TEST(word(result.judgement) == "inconclusive");
    BOOST_TEST(contains(figure_of(result, "ttft_p99").why,
                        "in run a1: only known as \"at least\"; more time, or judge by others"));
  }
}

BOOST_AUTO_TEST_CASE(what_to_do_about_a_withheld_percentile_depends_on_why_it_is_withheld) {
  const RunFigures run = figures_of_report(
      R"json({"schema": "squall-run/4", "run": {"id": "r", "started_at": "t"},
    "verdict": {"outcome": "pass"}, "scenario": {"name": "s", "hash": "h", "seed": 7},
    "target": {"kind": "openai"}, "agents": [], "throughput": {}, "phases": {"measure": {
    "ledger": {"ok": 9, "error": 0, "timeout": 1}, "durations": {"ttft": {"percentiles": [
    {"percentile": 99.0, "value": null, "withheld": "p99: insufficient (n = 9, needs 368)"},
    {"percentile": 50.0, "value": 2.0, "at_least": true, "withheld": null}]}}}}})json");
  BOOST_TEST(run.withheld.at("ttft_p99") == "p99: insufficient (n = 9, needs 368); measure longer");
  BOOST_TEST(contains(run.withheld.at("ttft_p50"), "more time to be answered"));
}

BOOST_AUTO_TEST_CASE(answers_of_one_token_have_no_tpot_and_need_none) {
  auto base = runs_with("ttft_p50", around(0.1), "a");
  auto run = runs_with("ttft_p50", around(0.1), "b");
  for (auto* side : {&base, &run})
    for (auto& each : *side) each.figures.erase("tpot_p50");
  BOOST_TEST(word(compare_runs(base, run, {}).judgement) == "pass");
  run[0].withheld["tpot_p50"] = "p50: insufficient (n = 3, needs 10)";  // there are some
  BOOST_TEST(word(compare_runs(base, run, {}).judgement) == "inconclusive");
  run[0].withheld.clear();
  for (auto& each : run) each.figures["tpot_p50"] = 0.01;  // one side only: that is no equality
  BOOST_TEST(word(compare_runs(base, run, {}).judgement) == "inconclusive");
}

BOOST_AUTO_TEST_CASE(runs_of_different_machines_models_or_scenarios_are_refused_with_a_list) {
  const auto base = runs_with("ttft_p50", around(0.1), "a");
  auto run = runs_with("ttft_p50", around(0.1), "b");
  for (auto& each : run) {
    each.hardware_fingerprint = "machine-2";
    each.model = "other";
  }
  auto result = compare_runs(base, run, {});
  BOOST_TEST(exit_code(result.judgement) == 14);
  BOOST_TEST(result.figures.empty());
  BOOST_REQUIRE(result.comparability.differences.size() == 2u);
  BOOST_TEST(result.comparability.differences[0].what == "model");
  BOOST_TEST(result.comparability.differences[1].run == "machine-2");
  ComparisonOptions options;
  options.differing = {"model", "hardware"};
  result = compare_runs(base, run, options);
  BOOST_TEST(exit_code(result.judgement) == 0);
  BOOST_TEST(result.comparability.accepted.size() == 2u);
}

BOOST_AUTO_TEST_CASE(one_odd_run_within_a_side_is_refused_too) {
  const auto base = runs_with("ttft_p50", around(0.1), "a");
  auto run = runs_with("ttft_p50", around(0.1), "b");
  run[3].seed = 8;
  const auto result = compare_runs(base, run, {});
  BOOST_TEST(exit_code(result.judgement) == 14);
  BOOST_TEST(result.comparability.differences.front().run == "7 | 8");
}

BOOST_AUTO_TEST_CASE(unknown_hardware_is_a_warning_and_no_difference) {
  auto base = runs_with("ttft_p50", around(0.1), "a");
  const auto run = runs_with("ttft_p50", around(0.1), "b");
  base[0].hardware_fingerprint.clear();
  const auto result = compare_runs(base, run, {});
  BOOST_TEST(exit_code(result.judgement) == 0);
  BOOST_REQUIRE(result.comparability.warnings.size() == 1u);
  BOOST_TEST(contains(result.comparability.warnings.front(), "1 of 10 runs"));
}

BOOST_AUTO_TEST_CASE(a_throughput_of_nothing_is_a_regression_and_not_a_division_by_zero) {
  const auto result = compared("tokens_per_second", around(1000), Values(5, 0.0));
  BOOST_TEST(word(result.judgement) == "regression");
  BOOST_TEST(figure_of(result, "tokens_per_second").change == -1.0,
             boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(gates_are_added_changed_and_taken_out_and_mistakes_are_explained) {
  auto gates = gates_of({"e2e_p99", "ttft_p50=3%", "-tpot_p50"}, false);
  BOOST_REQUIRE(gates.size() == 5u);
  BOOST_TEST(gates[1].margin == 0.03);
  BOOST_TEST(gates[4].figure == "e2e_p99");
  BOOST_TEST(gates[4].margin == 0.10);
  BOOST_TEST(gates_of({"tpot_p50=2.5%"}, true).size() == 1u);
  for (const auto& wrong : std::vector<std::vector<std::string>>{{"ttfb_p99"},
                                                                 {"ttft_p98"},
                                                                 {"ttft_p50=3"},
                                                                 {"ttft_p50=0%"},
                                                                 {"ttft_p50=100%"},
                                                                 {"ttft_p50=x%"},
                                                                 {"-e2e_p99"},
                                                                 {"e2e_p99", "e2e_p50"}})
    BOOST_CHECK_THROW(gates_of(wrong, false), GateMistake);
  BOOST_CHECK_THROW(gates_of({}, true), GateMistake);
}
