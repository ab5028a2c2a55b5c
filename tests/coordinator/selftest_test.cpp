// What a selftest runs, how it reads reports, and how it tells what it found.

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "coordinator/selftest/known_runs.hpp"
#include "coordinator/selftest/selftest_report.hpp"
#include "scenarios/load/load_plan.hpp"
#include "scenarios/schema/scenario_parser.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace std::chrono_literals;

namespace {

SelftestFigures figures_with_p99(nanoseconds value, nanoseconds low, nanoseconds high) {
  SelftestFigures figures;
  figures.samples = 5'000;
  figures.ttft = {{50, true, 55ms, 54ms, 56ms},
                  {90, true, 184ms, 180ms, 188ms},
                  {99, true, value, low, high},
                  {99.9, true, 550ms, 500ms, 600ms}};
  figures.longest = 6s;
  return figures;
}

const KnownRun& run_titled(const std::vector<KnownRun>& runs, const std::string& part) {
  for (const auto& run : runs)
    if (run.title.find(part) != std::string::npos) return run;
  throw std::logic_error("no run is called like " + part);
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_known_run_is_a_valid_scenario_of_a_simulated_target) {
  for (const bool quick : {true, false})
    for (const auto& run : known_runs(quick, 7)) {
      const auto scenario = scenarios::parse_scenario(run.scenario, run.title);
      BOOST_TEST((scenario.target.kind == scenarios::TargetKind::simulated));
      BOOST_TEST(scenario.seed == 7u);
      BOOST_TEST((scenario.phases.measure == run.length));
      BOOST_TEST(run.agents >= 1u);
      const auto plan = scenarios::make_load_plan(scenario, {0, run.agents});
      BOOST_TEST(plan.arrivals + plan.users.size() > 0u);
    }
  BOOST_TEST(known_runs(true, 1).size() < known_runs(false, 1).size());
}

BOOST_AUTO_TEST_CASE(a_truth_far_outside_the_interval_fails_the_slow_agent_run) {
  const auto runs = known_runs(false, 1);
  const KnownRun& run = run_titled(runs, "slow agent");
  BOOST_TEST(run.judge(figures_with_p99(740ms, 700ms, 780ms)).front().ok);
  BOOST_TEST(run.judge(figures_with_p99(680ms, 645ms, 715ms)).front().ok);  // within twice
  BOOST_TEST(!run.judge(figures_with_p99(191ms, 180ms, 200ms)).front().ok);
}

BOOST_AUTO_TEST_CASE(a_freeze_that_the_open_model_hides_fails) {
  const auto runs = known_runs(false, 1);
  const KnownRun& run = run_titled(runs, "open model");
  BOOST_TEST(run.judge(figures_with_p99(5750ms, 5650ms, 5850ms)).front().ok);
  BOOST_TEST(!run.judge(figures_with_p99(240ms, 230ms, 250ms)).front().ok);
}

BOOST_AUTO_TEST_CASE(pacing_may_be_as_late_as_its_limit_or_twice_what_the_machine_itself_is) {
  const auto runs = known_runs(false, 1);
  const KnownRun& run = run_titled(runs, "pacing at 1000 ");
  SelftestFigures figures;
  figures.samples = figures.issued = 1'000;
  figures.dispatch_delay_p99 = 190us;
  BOOST_TEST(run.judge(figures).front().ok);
  figures.dispatch_delay_p99 = 500us;
  BOOST_TEST(!run.judge(figures).front().ok);
  figures.noise_floor_p99 = 300us;
  BOOST_TEST(run.judge(figures).front().ok);
  figures.dispatch_delay_p99 = 700us;
  BOOST_TEST(!run.judge(figures).front().ok);
}

BOOST_AUTO_TEST_CASE(a_run_whose_accounts_do_not_balance_fails) {
  SelftestFigures figures;
  figures.agents = 2;
  figures.issued = 10;
  figures.ended = 10;
  figures.simulated = true;
  for (const auto& check : checks_of_any_run(figures, 2)) BOOST_TEST(check.ok);
  figures.ended = 9;
  BOOST_TEST(!checks_of_any_run(figures, 2).front().ok);
  figures.ended = 10;
  BOOST_TEST(!checks_of_any_run(figures, 3).front().ok);
}

BOOST_AUTO_TEST_CASE(a_run_that_its_own_audit_condemns_fails_unless_it_was_only_late) {
  SelftestFigures figures;
  figures.late_audits = {"dispatch delay: p99 3.00 ms"};
  const auto late = checks_of_any_run(figures, 1).back();
  BOOST_TEST(late.ok);
  BOOST_TEST(late.measured == "dispatch delay: p99 3.00 ms");
  figures.failed_audits = {"Little's law: 9 %"};
  const auto wrong = checks_of_any_run(figures, 1).back();
  BOOST_TEST(!wrong.ok);
  BOOST_TEST(wrong.measured == "Little's law: 9 %; dispatch delay: p99 3.00 ms");
}

BOOST_AUTO_TEST_CASE(what_is_no_report_is_said_to_be_none) {
  BOOST_CHECK_THROW(read_selftest_figures(""), SelftestFiguresError);
  BOOST_CHECK_THROW(read_selftest_figures("{}"), SelftestFiguresError);
  BOOST_CHECK_THROW(read_selftest_figures(R"({"phases": {"measure": 3}})"), SelftestFiguresError);
}

BOOST_AUTO_TEST_CASE(table_and_json_tell_the_same_and_say_simulated) {
  SelftestResults results;
  results.sections = {{"laws", {{"p50", "1 s", "1 s", true}, {"p99", "2 s", "3 s", false}}}};
  const std::string table = selftest_table(results, 100, false);
  for (const char* word : {"laws (simulated)", "p50", "NOT OK", "2 s", "3 s"})
    BOOST_TEST(table.find(word) != std::string::npos, "no '" << word << "' in " << table);
  BOOST_TEST(selftest_sentence(results) ==
             "selftest: 1 of 2 checks failed (simulated targets, seed 1)");
  const auto json = nlohmann::json::parse(selftest_json(results));
  BOOST_TEST(json.at("simulated").get<bool>());
  BOOST_TEST(!json.at("ok").get<bool>());
  BOOST_TEST(json.at("failures").get<int>() == 1);
  BOOST_TEST(json.at("sections").at(0).at("checks").size() == 2u);
}
