// Which run comes next, and when there are enough.

#include "coordinator/compare/repeat/repeat_course.hpp"

#include <boost/test/unit_test.hpp>

#include "coordinator/compare/output/comparison_text.hpp"
#include "coordinator/compare/output/json_comparison.hpp"
#include "coordinator/compare/output/junit_comparison.hpp"
#include "tests/coordinator/compare/compared_runs.hpp"

using namespace squall::coordinator;
using namespace std::chrono_literals;

namespace {

RepeatRules in_pairs(std::size_t at_least, std::size_t at_most) {
  RepeatRules rules;
  rules.kind = RepeatRules::Kind::in_pairs;
  rules.at_least = at_least;
  rules.at_most = at_most;
  rules.comparison.paired = true;
  rules.comparison.gates = {{"ttft_p50", 0.05}};
  return rules;
}

RunFigures run_with(double ttft, const std::string& id = "run") {
  RunFigures run = a_run(id);
  run.figures["ttft_p50"] = ttft;
  return run;
}

/// Runs all, the i-th of either side by `figure(side, i)`; returns the order: "ABBA".
template <class Figure>
std::string perform(RepeatCourse& course, const Figure& figure) {
  std::string order;
  while (const auto side = course.next(0ns)) {
    const bool base = *side == RepeatSide::base;
    order += base ? 'A' : 'B';
    course.ended(figure(base, (base ? course.base() : course.run()).size()), 1s);
  }
  return order;
}

double spread(std::size_t i) { return 0.1 * (1 + 0.002 * static_cast<double>(i % 3)); }

}  // namespace

BOOST_AUTO_TEST_CASE(pairs_are_run_a_b_b_a) {
  RepeatCourse course(in_pairs(6, 6));
  const auto order = perform(course, [](bool, std::size_t i) { return run_with(spread(i)); });
  BOOST_TEST(order == "ABBAABBAABBA");
  BOOST_TEST(word(course.comparison()->judgement) == "pass");
  BOOST_TEST(course.why_ended() == "");
}

BOOST_AUTO_TEST_CASE(the_order_within_a_pair_never_mixes_up_the_sides) {
  RepeatCourse course(in_pairs(6, 6));
  perform(course, [](bool base, std::size_t i) { return run_with(spread(i) * (base ? 1 : 1.3)); });
  BOOST_TEST(word(course.comparison()->judgement) == "regression");
  BOOST_TEST(course.comparison()->figures.front().change == 0.3,
             boost::test_tools::tolerance(0.02));
}

BOOST_AUTO_TEST_CASE(pairs_are_added_while_it_is_inconclusive_and_no_longer) {
  RepeatCourse course(in_pairs(5, 20));  // five pairs allow no interval
  perform(course, [](bool, std::size_t i) { return run_with(spread(i)); });
  BOOST_TEST(course.rounds() == 6u);
  RepeatCourse noisy(in_pairs(6, 9));
  perform(noisy,
          [](bool base, std::size_t i) { return run_with((i % 2 == 0) == base ? 0.1 : 0.2); });
  BOOST_TEST(noisy.rounds() == 9u);
  BOOST_TEST(word(noisy.comparison()->judgement) == "inconclusive");
  BOOST_TEST(noisy.why_ended().find("9") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_pair_begins_that_would_end_after_the_budget_but_those_asked_for_do) {
  RepeatRules rules = in_pairs(2, 20);
  rules.budget = 10s;
  RepeatCourse course(rules);
  auto elapsed = 0s;
  while (course.next(elapsed)) {
    course.ended(run_with(0.1), 2s);
    elapsed += 2s;
  }
  BOOST_TEST(course.rounds() == 2u);  // 8 s are gone, the third would take 4 more
  rules.at_least = 5;
  RepeatCourse asked(rules);
  elapsed = 0s;
  while (asked.next(elapsed)) {
    asked.ended(run_with(0.1), 2s);
    elapsed += 2s;
  }
  BOOST_TEST(asked.rounds() == 5u);
  BOOST_TEST(asked.why_ended().find("budget") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(three_useless_rounds_in_a_row_end_it) {
  RepeatCourse course(in_pairs(6, 20));
  const auto order = perform(course, [](bool base, std::size_t) {
    RunFigures run = run_with(0.1);
    if (base) run.outcome = "invalid";
    return run;
  });
  BOOST_TEST(order == "ABBAAB");
  BOOST_TEST(course.why_ended().find("could not be used") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(invalid_rounds_are_made_good_by_others) {
  RepeatCourse course(in_pairs(6, 20));
  perform(course, [](bool base, std::size_t i) {
    RunFigures run = run_with(spread(i));
    if (base && i == 2) run.outcome = "invalid";
    return run;
  });
  BOOST_TEST(course.rounds() == 7u);
  BOOST_TEST(course.comparison()->run.runs.size() == 6u);
}

BOOST_AUTO_TEST_CASE(no_more_pairs_are_run_for_a_figure_that_every_run_withholds) {
  RepeatCourse course(in_pairs(6, 20));
  perform(course, [](bool, std::size_t) {
    RunFigures run = a_run("run");
    run.figures.erase("ttft_p50");
    run.withheld["ttft_p50"] = "p50: insufficient (n = 3, needs 10)";
    return run;
  });
  BOOST_TEST(course.rounds() == 6u);
  BOOST_TEST(word(course.comparison()->judgement) == "inconclusive");
  BOOST_TEST(course.why_ended().find("ttft_p50") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(incomparable_sides_are_noticed_after_one_pair) {
  RepeatCourse course(in_pairs(6, 20));
  const auto order = perform(course, [](bool base, std::size_t) {
    RunFigures run = run_with(0.1);
    if (base) run.hardware_fingerprint = "another";
    return run;
  });
  BOOST_TEST(order == "AB");
  BOOST_TEST(word(course.comparison()->judgement) == "incomparable");
}

BOOST_AUTO_TEST_CASE(a_course_that_ended_early_is_green_in_no_output) {
  RepeatCourse course(in_pairs(6, 6));
  perform(course, [](bool, std::size_t i) { return run_with(spread(i)); });
  for (const auto& [troubles, code] : std::vector<std::pair<CourseTroubles, int>>{
           {{.interrupted = true}, 130}, {{.broken = 1}, 1}, {{.broken = 2}, 2}}) {
    const auto outcome = course.outcome(troubles);
    BOOST_TEST(exit_code(*outcome) == code);
    BOOST_TEST(word(outcome->judgement) == "inconclusive");
    const std::string said = "\"exit_code\": " + std::to_string(code) + ",";
    BOOST_TEST(json_comparison(*outcome).find(said) != std::string::npos);
    BOOST_TEST(junit_comparison(*outcome).find("errors=\"1\"") != std::string::npos);
    BOOST_TEST(comparison_text(*outcome, {}).find("PASS") == std::string::npos);
  }
  BOOST_TEST(exit_code(*course.outcome({})) == 0);
  BOOST_TEST(junit_comparison(*course.outcome({})).find("errors=\"0\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(runs_that_could_not_be_used_are_13_in_every_output) {
  RepeatCourse course(in_pairs(6, 20));
  perform(course, [](bool, std::size_t) {
    RunFigures run = run_with(0.1);
    run.outcome = "invalid";
    return run;
  });
  const auto outcome = course.outcome({});
  BOOST_TEST(exit_code(*outcome) == 13);
  BOOST_TEST(json_comparison(*outcome).find("\"exit_code\": 13,") != std::string::npos);
  BOOST_TEST(comparison_text(*outcome, {}).find("exit code 12") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_pass_with_a_missed_threshold_is_10_and_one_with_a_run_that_ended_badly_1) {
  RepeatCourse course(in_pairs(6, 6));
  perform(course, [](bool base, std::size_t i) {
    RunFigures run = run_with(spread(i));
    if (!base && i == 2) run.outcome = "fail";
    return run;
  });
  const auto missed = course.outcome({.failed = 1});
  BOOST_TEST(exit_code(*missed) == 10);
  BOOST_TEST(word(missed->judgement) == "pass");
  BOOST_TEST(missed->sentence.find("1 run of 6 missed") != std::string::npos, missed->sentence);
  BOOST_TEST(junit_comparison(*missed).find("errors=\"1\"") != std::string::npos);
  RepeatCourse whole(in_pairs(6, 6));
  perform(whole, [](bool, std::size_t i) { return run_with(spread(i)); });
  const auto failed = whole.outcome({.failed = 2, .crashed = 1});
  BOOST_TEST(exit_code(*failed) == 1);
  BOOST_TEST(failed->sentence.find("but 2 runs ended with an error after reporting, 1 run crashed "
                                   "after reporting") != std::string::npos,
             failed->sentence);
  BOOST_TEST(exit_code(*whole.outcome({.crashed = 1})) == 1);
  RepeatCourse worse(in_pairs(6, 6));
  perform(worse, [](bool base, std::size_t i) { return run_with(spread(i) * (base ? 1 : 1.3)); });
  BOOST_TEST(exit_code(*worse.outcome({.failed = 2})) == 11);
}

BOOST_AUTO_TEST_CASE(against_a_baseline_only_the_new_side_runs) {
  RepeatRules rules = in_pairs(5, 20);
  rules.kind = RepeatRules::Kind::against;
  rules.comparison.paired = false;
  for (std::size_t i = 0; i < 5; ++i) rules.known_base.push_back(run_with(spread(i)));
  RepeatCourse course(rules);
  const auto order = perform(course, [](bool, std::size_t i) { return run_with(1.2 * spread(i)); });
  BOOST_TEST(order == "BBBBB");
  BOOST_TEST(word(course.comparison()->judgement) == "regression");
}

BOOST_AUTO_TEST_CASE(alone_it_runs_as_often_as_asked_and_compares_nothing) {
  RepeatRules rules;
  rules.at_least = rules.at_most = 3;
  RepeatCourse course(rules);
  BOOST_TEST(perform(course, [](bool, std::size_t) { return run_with(0.1); }) == "BBB");
  BOOST_TEST(!course.comparison().has_value());
}
