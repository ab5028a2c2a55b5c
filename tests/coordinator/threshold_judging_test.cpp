// What thresholds are judged by while a run goes on: whole stretches that everybody told of, the
// machines that the run is on, and what was known when it started.

#include "tests/coordinator/threshold_course.hpp"

using namespace squall;
using namespace squall::tests;

BOOST_FIXTURE_TEST_CASE(two_agents_of_one_host_share_its_ceiling_once, Course) {
  open("thresholds = [\"tokens_per_second >= 60% of ceiling\"]", "", {}, 2);
  greet("b", 101);
  tick();
  Ready ready = ready_on(4, 1'000'000);
  ready.hardware->ceilings.bandwidth = {{2, 1e9}, {4, 2e9}};
  ready.hardware->ceilings.threads = 4;
  ready.hardware->ceilings.int8_per_second = 1e12;
  ready.engine_threads = 2;  // half of the machine each
  hear("b", ready);
  start(ready);
  pass_second(100ms);
  // All four threads read 2 GB/s, half for each engine: 1000 tokens a second each.
  BOOST_TEST(judge_thresholds(run.record())[0].threshold.limit == 1200.0,
             boost::test_tools::tolerance(1e-9));
}

BOOST_FIXTURE_TEST_CASE(a_stretch_begun_before_a_threshold_was_set_is_not_judged, Course) {
  open("thresholds = [\"error_rate < 1%\"]");
  start();
  pass_seconds(20, 100ms);
  BOOST_TEST(change("tokens_per_second > 500 for 10s, else abort").mistake.empty());
  pass_seconds(9, 100ms);
  BOOST_TEST(!run.record().aborted);
  BOOST_TEST(run.record().stretches.empty());
  pass_second(100ms);
  BOOST_REQUIRE(run.record().stretches.size() == 1u);
  BOOST_TEST(run.record().stretches[0].judged == 1u);
  // A longer one cannot reach back beyond what was kept for the shorter one.
  change("tokens_per_second > 500 for 15s, else abort");
  pass_seconds(4, 100ms);
  BOOST_TEST(run.record().stretches.size() == 1u);
  pass_second(100ms);
  BOOST_TEST(run.record().stretches.size() == 2u);
  BOOST_TEST(!run.record().aborted);
}

BOOST_FIXTURE_TEST_CASE(a_stretch_that_is_unset_and_set_longer_begins_after_what_was_kept, Course) {
  open("thresholds = [\"tokens_per_second > 900 for 10s, else abort\"]");
  start();
  pass_seconds(20, 100ms);
  BOOST_TEST(change("tokens_per_second > 900 for 10s, else abort", true).mistake.empty());
  BOOST_TEST(change("tokens_per_second > 900 for 20s, else abort").mistake.empty());
  pass_seconds(19, 100ms);
  BOOST_TEST(!run.record().aborted);
  BOOST_TEST(run.record().stretches.empty());
  pass_second(100ms);
  BOOST_TEST(!run.record().aborted);
  BOOST_REQUIRE(run.record().stretches.size() == 1u);
  BOOST_TEST(run.record().stretches[0].judged == 1u);
  BOOST_TEST(run.record().stretches[0].missed == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_second_of_which_half_is_gone_counts_for_no_rate_so_far, Course) {
  open("thresholds = [\"tokens_per_second > 950 for 1s, else abort\"]", "", {}, 2);
  start_two();
  tell("a", 0, 500);  // forgotten before b tells of the same second
  BOOST_TEST(change("tokens_per_second > 950 for 1s, else abort", true).mistake.empty());
  BOOST_TEST(change("tokens_per_second > 950, else abort").mistake.empty());
  tell("b", 0, 500);
  for (int i = 1; i < 5; ++i)
    for (const char* agent : {"a", "b"}) tell(agent, i, 500);
  now += 1s;
  tick();
  BOOST_TEST(!run.record().aborted);
  // From the next second on it counts: half the rate ends the run.
  for (int i = 5; i < 30; ++i) {
    tell("a", i, 500);
    tell("b", i, 0);
  }
  now += 1s;
  tick();
  BOOST_TEST(run.record().aborted.has_value());
}

BOOST_FIXTURE_TEST_CASE(of_two_lines_on_one_figure_a_change_means_the_one_of_its_kind, Course) {
  open("thresholds = [\"ttft p95 < 1s, else abort\", \"ttft p95 < 300ms\"]");
  start();
  pass_second(100ms);
  BOOST_TEST(change("ttft p95 < 400ms").told ==
             "set ttft p95 < 400ms in place of ttft p95 < 300ms");
  BOOST_TEST(change("ttft p95 < 2s, else abort after 9s").told ==
             "set ttft p95 < 2s, else abort after 9s in place of ttft p95 < 1s, else abort");
  BOOST_TEST(change("ttft p95 < 400ms", true).mistake.empty());
  // Only the other kind is left: that is meant.
  BOOST_TEST(change("ttft p95 < 3s").told ==
             "set ttft p95 < 3s in place of ttft p95 < 2s, else abort after 9s");
  for (const RunRecord& record : {run.record(), again()}) {
    BOOST_REQUIRE(record.thresholds->size() == 1u);
    BOOST_TEST(record.thresholds->front().threshold.text == "ttft p95 < 3s");
    // The story of the line that it took the place of, and of no other.
    const auto& steps = record.thresholds->front().steps;
    BOOST_REQUIRE(steps.size() == 3u);
    BOOST_TEST(steps[0].rule == "ttft p95 < 1s, else abort");
  }
}

BOOST_FIXTURE_TEST_CASE(an_absolute_variable_leaves_the_line_that_aborts_alone, Course) {
  const auto opened_with = [&](const char* lines, const char* value) {
    ThresholdInputs inputs;
    scenarios::LimitRule rule;
    rule.limit = scenarios::parse_limit_name("max_ttft_p95");
    rule.change = scenarios::parse_limit_change(value, rule.limit);
    inputs.overrides.push_back(rule);
    open(lines, "", std::move(inputs));
    start();
    std::vector<std::string> texts;
    for (const auto& each : thresholds_of(run.record())) texts.push_back(each.threshold.text);
    return texts;
  };
  const char* const both = "thresholds = [\"ttft p95 < 300ms\", \"ttft p95 < 1s, else abort\"]";
  BOOST_TEST((opened_with(both, "200ms") ==
              std::vector<std::string>{"ttft p95 <= 200ms", "ttft p95 < 1s, else abort"}));
  BOOST_TEST((opened_with(both, "*2") ==
              std::vector<std::string>{"ttft p95 <= 600ms", "ttft p95 <= 2s, else abort"}));
  BOOST_TEST((opened_with("thresholds = [\"ttft p95 < 1s, else abort\"]", "200ms") ==
              std::vector<std::string>{"ttft p95 <= 200ms, else abort"}));
}

BOOST_FIXTURE_TEST_CASE(a_line_that_no_journal_holds_is_refused_and_not_left_out, Course) {
  open("thresholds = [\"ttft p95 < 300ms\"]");
  start();
  pass_second(100ms);
  const std::string mistake = change("ttft" + std::string(70'000, ' ') + "p95 < 1s").mistake;
  BOOST_TEST(mistake.find("cannot be set: its text is too long") != std::string::npos);
  BOOST_TEST(mistake.find("left out") == std::string::npos);
  BOOST_TEST(entries<ThresholdSet>().empty());
}

BOOST_FIXTURE_TEST_CASE(two_lines_on_one_figure_are_both_judged, Course) {
  open("thresholds = [\"adaptive\", \"ttft p95 < 300ms\", \"ttft p95 < 1s, else abort\"]");
  start(ready_on(2, 15'000'000));
  pass_seconds(6, 400ms);
  const auto results = judge_thresholds(run.record());
  BOOST_TEST((result_of(results, "ttft p95 < 300ms").status == ThresholdStatus::fail));
  BOOST_TEST((result_of(results, "ttft p95 < 1s, else abort").status == ThresholdStatus::pass));
  BOOST_TEST(again().thresholds->size() == run.record().thresholds->size());
}

BOOST_FIXTURE_TEST_CASE(a_total_stall_misses_a_rate_over_stretches, Course) {
  open("thresholds = [\"tokens_per_second > 100 for 5s\", \"ttft p95 < 300ms for 5s\"]");
  start();
  pass_seconds(20, 100ms);
  for (int i = 0; i < 5; ++i) pass_second(100ms, 0, 0);
  pass_seconds(20, 100ms);
  const auto results = judge_thresholds(run.record());
  BOOST_TEST((results[0].status == ThresholdStatus::fail));
  BOOST_TEST(results[0].explanation.find("missed from 0:20 to 0:25") != std::string::npos);
  // Without an answer there is no time to the first token: that stretch is not judged.
  BOOST_TEST(run.record().stretches[1].judged + 1 == run.record().stretches[0].judged);
}

BOOST_FIXTURE_TEST_CASE(an_agent_whose_batches_lag_ends_no_run, Course) {
  open("thresholds = [\"tokens_per_second > 900, else abort\"]", "", {}, 2);
  start_two();
  // b lags five seconds behind: half of the tokens of those are not told yet.
  for (int i = 0; i < 12; ++i) tell("a", i, 500);
  for (int i = 0; i < 7; ++i) tell("b", i, 500);
  now += 1s;
  tick();
  BOOST_TEST(!run.record().aborted);
}

BOOST_FIXTURE_TEST_CASE(an_absolute_variable_for_another_baseline_adds_a_speed_up, Course) {
  ThresholdInputs inputs;
  scenarios::LimitRule rule;
  rule.limit = scenarios::parse_limit_name("min_speedup");
  rule.change = scenarios::parse_limit_change("1.2 over new", rule.limit);
  inputs.overrides.push_back(rule);
  inputs.baseline_rates = [](const std::string& name) {
    return std::vector<double>{name == "new" ? 100.0 : 50.0};
  };
  open("thresholds = [\"speedup over old >= 1.5\"]", "", std::move(inputs));
  start();
  const auto& thresholds = run.record().thresholds.value();
  BOOST_REQUIRE(thresholds.size() == 2u);
  BOOST_TEST(thresholds[0].reference == 50.0);
  BOOST_TEST(thresholds[1].threshold.text == "speedup over new >= 1.2");
  BOOST_TEST(thresholds[1].reference == 100.0);
  BOOST_TEST(change("speedup over old >= 1.1").mistake.empty());
}

BOOST_FIXTURE_TEST_CASE(what_the_store_was_not_asked_for_at_the_start_cannot_be_set, Course) {
  open("thresholds = [\"ttft p95 < 300ms\"]");
  start();
  BOOST_TEST(change("e2e p95 <= learned + 3 mad").mistake.find("earlier runs were not read") !=
             std::string::npos);
  BOOST_TEST(change("e2e p95 <= learned + 3 mad").mistake.find("or since it was resumed") !=
             std::string::npos);
  BOOST_TEST(change("speedup over main >= 1.2").mistake.find("no rates of baseline main") !=
             std::string::npos);
  BOOST_TEST(entries<ThresholdSet>().empty());
}

BOOST_FIXTURE_TEST_CASE(two_machines_learn_from_runs_on_the_same_two, Course) {
  std::vector<PastQuery> asked;
  ThresholdInputs inputs;
  inputs.accepted_figures = [&](const PastQuery& query) {
    asked.push_back(query);
    return std::vector<double>{};
  };
  open("thresholds = [\"ttft p95 <= learned + 3 mad\"]", "", std::move(inputs), 2);
  Hello elsewhere = hello_of("b", 101);
  elsewhere.host = "other";
  hear("b", elsewhere);
  tick();
  const Ready ready = ready_on(2, 1000);
  hear("b", ready);
  start(ready);
  BOOST_REQUIRE(asked.size() == 1u);
  const std::string each = scenarios::fingerprint(*ready.hardware);
  BOOST_TEST(asked[0].hardware_fingerprint == scenarios::fingerprint_of_all({each, each}));
}

BOOST_FIXTURE_TEST_CASE(what_counts_no_more_ends_nothing, Course) {
  open("thresholds = [\"ttft p95 < 300ms for 2s, else abort\"]");
  start();
  const auto told = [&](std::uint64_t number) {
    MetricsBatch batch;
    batch.sequence = number;
    batch.snapshot.from = std::chrono::seconds(number - 1);
    batch.snapshot.to = std::chrono::seconds(number);
    auto& metrics = batch.snapshot[Phase::measure];
    metrics.ledger.ok = 100;
    for (int i = 0; i < 100; ++i)
      metrics.durations[static_cast<std::size_t>(scenarios::Metric::ttft)].record(900ms);
    hear("a", batch);
  };
  told(1);
  told(2);  // missed, and the next tick would end the run
  BOOST_TEST(change("ttft p95 < 300ms for 2s, else abort", true).mistake.empty());
  tick();
  BOOST_TEST(!run.record().aborted);
}

BOOST_FIXTURE_TEST_CASE(while_its_answers_come_in_a_run_is_judged_as_it_stands, Course) {
  open("thresholds = [\"ttft p95 < 300ms for 2s, else abort\"]");
  start();
  for (int i = 0; i < 4 && !run.record().aborted; ++i) pass_second(900ms);
  BOOST_REQUIRE(run.record().aborted.has_value());
  BOOST_TEST(change("ttft p95 < 400ms").mistake ==
             "the load of run run-1 is over; what it is judged by can be changed no more");
}

BOOST_FIXTURE_TEST_CASE(who_goes_on_after_an_abort_was_decided_stops_the_load, Course) {
  open("thresholds = [\"ttft p95 < 300ms for 2s, else abort\"]");
  start();
  for (int i = 0; i < 4 && !run.record().aborted; ++i) pass_second(900ms);
  std::vector<RunEntry> all = opened_and_journal();
  std::erase_if(all,
                [](const RunEntry& each) { return std::holds_alternative<LoadStopped>(each); });
  journal.clear();
  run = RunPhases::resumed(all, times, now);
  note(run.opening());
  tick();
  BOOST_TEST(entries<LoadStopped>().size() == 1u);
  BOOST_TEST(entries<LoadAborted>().empty());
}

BOOST_FIXTURE_TEST_CASE(a_threshold_that_was_set_often_keeps_its_newest_rules, Course) {
  open("thresholds = [\"ttft p95 < 300ms\"]");
  start();
  for (int i = 1; i <= 70; ++i) change("ttft p95 < " + std::to_string(i) + "s");
  const auto& steps = run.record().thresholds.value()[0].steps;
  BOOST_TEST(steps.size() == 64u);
  BOOST_TEST(steps.back().rule == "ttft p95 < 70s");
}
