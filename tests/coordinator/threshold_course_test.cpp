// Thresholds in the course of a run: resolved when all are ready, watched each second, changed and
// able to end it; and the same again from the journal.

#include "tests/coordinator/threshold_course.hpp"

#include "coordinator/report/run_report.hpp"
#include "coordinator/run/thresholds/threshold_resolution.hpp"
#include "coordinator/run/verdict.hpp"

using namespace squall;
using namespace squall::tests;

BOOST_FIXTURE_TEST_CASE(plain_thresholds_leave_nothing_to_resolve_or_to_keep, Course) {
  open("thresholds = [\"ttft p95 < 300ms\"]");
  start();
  BOOST_TEST(entries<ThresholdsResolved>().empty());
  BOOST_TEST(thresholds_of(run.record()).size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(adaptive_thresholds_are_resolved_when_all_are_ready_and_kept, Course) {
  ThresholdInputs inputs;
  inputs.environment = scenarios::Environment::ci;
  inputs.environment_source = "--environment";
  open("thresholds = [\"adaptive\", \"ttft p95 <= 250ms\"]", "[adaptive]\nmax_tpot_p95 = \"*2\"\n",
       std::move(inputs));
  BOOST_TEST(entries<ThresholdsResolved>().empty());
  start(ready_on(2, 15'000'000));
  BOOST_REQUIRE(entries<ThresholdsResolved>().size() == 1u);
  const auto& thresholds = run.record().thresholds.value();
  const auto find = [&](scenarios::Metric metric) {
    for (const auto& each : thresholds)
      if (each.threshold.metric == metric) return each;
    BOOST_FAIL("not resolved");
    return thresholds.front();
  };
  // A tiny model on two cores in ci: 150 ms * 3 * 0.3 * 1.5, and doubled by the scenario.
  const auto tpot = find(scenarios::Metric::tpot);
  BOOST_TEST(tpot.threshold.limit == 0.405, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(tpot.steps.back().source == "chat.toml:12");
  BOOST_TEST(tpot.guess.empty());
  // What the scenario says itself goes on with the story of what it replaces.
  const auto ttft = find(scenarios::Metric::ttft);
  BOOST_TEST(ttft.threshold.limit == 0.25);
  BOOST_TEST(ttft.steps.front().source.starts_with("defaults.toml:"));
  BOOST_TEST(ttft.steps.back().source == "chat.toml:2");
  // Nothing asks again and no GPU works here.
  for (const auto& each : thresholds) {
    BOOST_TEST((each.threshold.metric != scenarios::Metric::accuracy));
    BOOST_TEST((each.threshold.metric != scenarios::Metric::gpu_memory));
  }
  const RunRecord read = again();
  BOOST_REQUIRE(read.thresholds.has_value());
  BOOST_TEST(read.thresholds->size() == thresholds.size());
  BOOST_TEST(read.threshold_notes == run.record().threshold_notes);
}

namespace {

/// Two cores, and GPUs of 24 and of 8 GiB; an engine on the first.
Ready ready_on_gpu() {
  Ready ready = ready_on(2, 15'000'000);
  for (const std::uint64_t gib : {24, 8}) {
    scenarios::GpuFacts& gpu = ready.hardware->gpus.emplace_back();
    gpu.name = "GPU of " + std::to_string(gib);
    gpu.address = "0000:0" + std::to_string(gib % 10) + ":00.0";
    gpu.memory_bytes = gib << 30;
  }
  ready.model_facts->on_gpu = true;
  ready.model_facts->gpu = "gpu GPU of 24 (CUDA)";
  return ready;
}

scenarios::HardwareClass class_of(const Ready& ready) {
  RunRecord record;
  record.scenario.target.kind = scenarios::TargetKind::engine;
  record.agents.emplace_back().ready = ready;
  return situation_of(record, {}).hardware.hardware;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_class_is_that_of_the_gpu_that_computes_all_layers_and_of_no_other) {
  using scenarios::HardwareClass;
  Ready ready = ready_on_gpu();
  BOOST_TEST((class_of(ready) == HardwareClass::gpu_high_end));
  ready.model_facts->gpu_address = "0000:08:00.0";
  BOOST_TEST((class_of(ready) == HardwareClass::gpu_mid_range));
  // Which it is is not known: the weakest.
  ready.model_facts->gpu_address = "0000:0f:00.0";
  BOOST_TEST((class_of(ready) == HardwareClass::gpu_mid_range));
  ready = ready_on_gpu();
  ready.model_facts->hybrid = true;
  BOOST_TEST((class_of(ready) == HardwareClass::cpu_low_end));
  ready.model_facts->hybrid = ready.model_facts->on_gpu = false;
  BOOST_TEST((class_of(ready) == HardwareClass::cpu_low_end));
}

BOOST_FIXTURE_TEST_CASE(where_a_gpu_works_its_memory_has_a_limit, Course) {
  open("thresholds = [\"adaptive\"]");
  start(ready_on_gpu());
  const auto& thresholds = run.record().thresholds.value();
  BOOST_TEST(std::ranges::count_if(thresholds, [](const auto& each) {
               return each.threshold.metric == scenarios::Metric::gpu_memory;
             }) == 1);
  for (const std::string& note : run.record().threshold_notes)
    BOOST_TEST(note.find("no GPU does the work") == std::string::npos, note);
}

BOOST_FIXTURE_TEST_CASE(a_limit_that_is_a_guess_cannot_fail_a_run, Course) {
  open("thresholds = [\"adaptive\"]");
  start();  // the agent says nothing of its machine
  pass_seconds(20, 2h);
  const auto results = judge_thresholds(run.record());
  const auto ttft = std::ranges::find_if(results, [](const ThresholdResult& each) {
    return each.threshold.metric == scenarios::Metric::ttft;
  });
  BOOST_REQUIRE(ttft != results.end());
  BOOST_TEST((ttft->status == ThresholdStatus::inconclusive));
  BOOST_TEST(ttft->explanation.find("unknown") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(variables_change_what_there_is_and_add_what_is_absolute, Course) {
  ThresholdInputs inputs;
  const auto add = [&](const char* limit, const char* change) {
    scenarios::LimitRule rule;
    rule.limit = scenarios::parse_limit_name(limit);
    rule.change = scenarios::parse_limit_change(change, rule.limit);
    rule.source = "$X";
    inputs.overrides.push_back(rule);
  };
  add("max_ttft_p95", "*2");
  add("max_e2e_p95", "3s");
  add("max_tpot_p95", "*2");
  add("max_error_rate", "off");
  open("thresholds = [\"ttft p95 < 300ms\", \"error_rate < 1%\"]", "", std::move(inputs));
  start();
  const auto& thresholds = run.record().thresholds.value();
  BOOST_REQUIRE(thresholds.size() == 2u);
  BOOST_TEST(thresholds[0].threshold.limit == 0.6);
  BOOST_TEST(thresholds[0].steps.size() == 2u);
  BOOST_TEST(thresholds[1].threshold.text == "e2e p95 <= 3s");
}

BOOST_FIXTURE_TEST_CASE(learned_limits_and_speed_ups_ask_for_past_figures, Course) {
  ThresholdInputs inputs;
  std::vector<PastQuery> asked;
  inputs.accepted_figures = [&](const PastQuery& query) {
    asked.push_back(query);
    return std::vector<double>{100, 100, 110, 120, 120};
  };
  inputs.baseline_rates = [](const std::string& name) {
    return name == "main" ? std::vector<double>{500, 400, 600} : std::vector<double>{};
  };
  open(
      "thresholds = [\"tokens_per_second >= learned - 2 mad\", \"speedup over main >= 1.5\", "
      "\"speedup over other >= 1.5\"]",
      "", std::move(inputs));
  Ready ready = ready_on(2, 1000);
  ready.model_fingerprint = "abc";
  start(ready);
  BOOST_REQUIRE(asked.size() == 1u);
  BOOST_TEST(asked[0].figure == "tokens_per_second");
  BOOST_TEST(asked[0].model_fingerprint == "abc");
  BOOST_TEST(asked[0].hardware_fingerprint == scenarios::fingerprint(*ready.hardware));
  pass_seconds(10, 100ms);  // 1000 tokens a second
  const auto results = judge_thresholds(run.record());
  BOOST_TEST(results[0].threshold.limit == 90.0);
  BOOST_TEST((results[0].status == ThresholdStatus::pass));
  BOOST_TEST((results[1].status == ThresholdStatus::pass));
  BOOST_TEST(results[1].measured.value() == 2.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST((results[2].status == ThresholdStatus::inconclusive));
  BOOST_TEST(results[2].explanation.find("squall baseline set other") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(one_bad_stretch_fails_a_run_that_is_good_as_a_whole, Course) {
  open("thresholds = [\"ttft p95 < 300ms\", \"ttft p95 < 300ms for 5s\"]");
  start();
  pass_seconds(25, 100ms);
  pass_seconds(2, 900ms);
  pass_seconds(30, 100ms);
  const auto& stretches = run.record().stretches;
  BOOST_REQUIRE(stretches.size() == 1u);
  BOOST_TEST(stretches[0].judged == 53u);  // seconds 4 to 56 end one each
  // Those that hold one bad second: 100 of 500 answers; all that touch the two.
  BOOST_TEST(stretches[0].missed == 6u);
  BOOST_TEST((stretches[0].from == 21s && stretches[0].to == 26s));
  const auto results = judge_thresholds(run.record());
  BOOST_TEST((results[0].status == ThresholdStatus::pass));
  BOOST_TEST((results[1].status == ThresholdStatus::fail));
  BOOST_TEST(results[1].explanation.find("missed from 0:21 to 0:26") != std::string::npos);
  BOOST_TEST(again().stretches.at(0).missed == 6u);
}

BOOST_FIXTURE_TEST_CASE(a_stretch_that_nobody_measured_in_full_is_inconclusive, Course) {
  open("thresholds = [\"ttft p95 < 300ms for 30s\"]");
  start();
  pass_seconds(20, 100ms);
  BOOST_TEST((judge_thresholds(run.record())[0].status == ThresholdStatus::inconclusive));
  pass_seconds(10, 100ms);
  BOOST_TEST((judge_thresholds(run.record())[0].status == ThresholdStatus::pass));
}

BOOST_FIXTURE_TEST_CASE(a_miss_ends_the_run_with_its_reason_and_interval, Course) {
  open("thresholds = [\"ttft p95 < 300ms for 5s, else abort\", \"error_rate < 1%\"]");
  start();
  pass_seconds(10, 100ms);
  BOOST_TEST(!run.record().aborted);
  Steps steps;
  for (int i = 0; i < 5 && !run.record().aborted; ++i) steps = pass_second(900ms);
  BOOST_REQUIRE(run.record().aborted.has_value());
  BOOST_TEST(told<StopLoad>(steps).size() == 1u);
  const RunAborted& aborted = *run.record().aborted;
  BOOST_TEST((aborted.to - aborted.from == 5s));
  BOOST_TEST((aborted.to == 11s));
  BOOST_TEST(entries<LoadAborted>().size() == 1u);
  BOOST_TEST(!run.record().broken);
  finish();
  BOOST_REQUIRE(run.finished());
  const RunRecord record = run.final_record();
  const auto results = judge_thresholds(record);
  BOOST_TEST((results[0].status == ThresholdStatus::fail));
  BOOST_TEST((results[1].status == ThresholdStatus::pass));
  const Verdict verdict = judge(record, {}, results);
  BOOST_TEST((verdict.outcome == Outcome::fail));
  BOOST_TEST(verdict.exit_code == 10);
  BOOST_TEST(verdict.sentence.find("'ttft p95 < 300ms for 5s, else abort' was missed from 0:06 to "
                                   "0:11") != std::string::npos);
  BOOST_TEST(record.timeline.total(Phase::measure).ledger.ok == 1100u);  // what came so far is kept
  const RunRecord read = again();
  BOOST_REQUIRE(read.aborted.has_value());
  BOOST_TEST((read.aborted->from == aborted.from && read.aborted->to == aborted.to));
  BOOST_TEST(judge(read, {}, judge_thresholds(read)).sentence == verdict.sentence);
}

BOOST_FIXTURE_TEST_CASE(an_abort_waits_for_its_delay, Course) {
  open("thresholds = [\"ttft p95 < 300ms for 2s, else abort after 8s\"]");
  start();
  pass_seconds(7, 900ms);
  BOOST_TEST(!run.record().aborted);
  pass_second(900ms);
  BOOST_TEST(run.record().aborted.has_value());
}

BOOST_FIXTURE_TEST_CASE(a_whole_run_threshold_ends_it_once_its_figures_have_settled, Course) {
  open("thresholds = [\"tokens_per_second > 5000, else abort\"]");
  start();
  pass_seconds(4, 100ms);
  BOOST_TEST(!run.record().aborted);
  pass_second(100ms);
  BOOST_TEST(run.record().aborted.has_value());
}

BOOST_FIXTURE_TEST_CASE(a_miss_without_else_abort_ends_nothing, Course) {
  open("thresholds = [\"ttft p95 < 300ms for 5s\"]");
  start();
  pass_seconds(30, 900ms);
  BOOST_TEST(!run.record().aborted);
  BOOST_TEST(run.record().stretches.at(0).missed == 26u);
}

BOOST_FIXTURE_TEST_CASE(a_threshold_is_changed_while_the_run_goes_on_and_kept, Course) {
  open("thresholds = [\"ttft p95 < 300ms\"]");
  start();
  pass_seconds(10, 350ms);
  BOOST_TEST((judge_thresholds(run.record())[0].status == ThresholdStatus::fail));
  const auto set = change("ttft p95 < 400ms");
  BOOST_TEST(set.mistake.empty());
  BOOST_TEST(set.told == "set ttft p95 < 400ms in place of ttft p95 < 300ms");
  const auto results = judge_thresholds(run.record());
  BOOST_REQUIRE(results.size() == 1u);
  BOOST_TEST((results[0].status == ThresholdStatus::pass));
  BOOST_REQUIRE(results[0].steps.size() == 2u);
  BOOST_TEST(results[0].steps[1].source == "squall thresholds set");
  BOOST_TEST(change("e2e p99 < 9s").told == "set e2e p99 < 9s");
  BOOST_TEST(change("e2e p99 < 9s", true).told == "unset e2e p99 < 9s");
  const RunRecord read = again();
  BOOST_REQUIRE(read.threshold_changes.size() == 3u);
  BOOST_TEST((read.threshold_changes[0].at == 10s));
  BOOST_TEST(thresholds_of(read).size() == 1u);
  BOOST_TEST(thresholds_of(read)[0].threshold.limit == 0.4);
}

BOOST_FIXTURE_TEST_CASE(wrong_wishes_are_answered_with_the_mistake_and_change_nothing, Course) {
  open("thresholds = [\"ttft p95 < 300ms\"]");
  BOOST_TEST(change("ttft p95 < 400ms").mistake == "run run-1 did not start yet");
  start();
  pass_second(100ms);
  BOOST_TEST(change("tfft p95 < 400ms").mistake == "unknown metric 'tfft'; did you mean 'ttft'?");
  BOOST_TEST(change("accuracy > 90%").mistake.find("can never be judged") != std::string::npos);
  BOOST_TEST(change("e2e p95 < 1s", true).mistake ==
             "there is no threshold 'e2e p95 < 1s' to unset; the run has: ttft p95 < 300ms");
  BOOST_TEST(entries<ThresholdSet>().empty());
  BOOST_TEST(run.record().threshold_changes.empty());
  finish();
  now += 60s;
  tick();
  BOOST_TEST(change("ttft p95 < 400ms").mistake == "run run-1 is over");
}

BOOST_FIXTURE_TEST_CASE(a_share_of_the_ceiling_is_judged_at_the_measured_concurrency, Course) {
  open("thresholds = [\"tokens_per_second >= 60% of ceiling\"]");
  Ready ready = ready_on(2, 1'000'000);
  BOOST_TEST((judge_thresholds(run.record()).empty() ||
              judge_thresholds(run.record())[0].status == ThresholdStatus::inconclusive));
  ready.hardware->ceilings.bandwidth = {{2, 1e9}};
  ready.hardware->ceilings.threads = 2;
  ready.hardware->ceilings.int8_per_second = 1e12;
  start(ready);
  in_flight_time = 4s;
  for (int i = 0; i < 10; ++i) pass_second(100ms, 100, 3000);
  // A step reads 1 MB at 1 GB/s for the four in flight: 4000 tokens a second.
  const auto result = judge_thresholds(run.record())[0];
  BOOST_TEST(result.threshold.limit == 2400.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST((result.status == ThresholdStatus::pass));
  BOOST_REQUIRE(result.steps.size() == 3u);
  BOOST_TEST(result.steps[1].rule.find("memory bandwidth") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(the_machine_figures_are_judged_by_the_worst_agent, Course) {
  open("thresholds = [\"load_time < 2s\", \"memory <= 1GiB\", \"gpu_memory <= 1GiB\"]");
  Ready ready;
  ready.load_time = 3s;
  start(ready);
  MetricsBatch batch;
  batch.sequence = 1;
  batch.snapshot.to = 1s;
  batch.snapshot.resident_bytes = std::uint64_t{1} << 30;
  batch.snapshot.resources.resize(1);
  batch.snapshot.resources[0].gpus.resize(2);
  batch.snapshot.resources[0].gpus[1].memory_used_bytes = (std::uint64_t{1} << 30) + 1;
  hear("a", batch);
  const auto results = judge_thresholds(run.record());
  BOOST_TEST((result_of(results, "load_time < 2s").status == ThresholdStatus::fail));
  BOOST_TEST((result_of(results, "memory <= 1GiB").status == ThresholdStatus::pass));
  BOOST_TEST((result_of(results, "gpu_memory <= 1GiB").status == ThresholdStatus::fail));
}

BOOST_FIXTURE_TEST_CASE(goodput_counts_requests_that_keep_every_slo, Course) {
  open("thresholds = [\"goodput >= 80\", \"slo_attainment >= 70%\"]\nslo = [\"ttft < 300ms\"]");
  start();
  for (int i = 0; i < 10; ++i) {
    MetricsBatch batch;
    batch.sequence = ++sequence;
    batch.snapshot.from = std::chrono::seconds(i);
    batch.snapshot.to = std::chrono::seconds(i + 1);
    auto& metrics = batch.snapshot[Phase::measure];
    metrics.ledger.ok = 90;
    metrics.ledger.error = 10;
    metrics.good = 79;
    hear("a", batch);
  }
  const auto results = judge_thresholds(run.record());
  BOOST_TEST(results[0].measured.value() == 79.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST((results[0].status == ThresholdStatus::fail));
  BOOST_TEST(results[1].measured.value() == 0.79, boost::test_tools::tolerance(1e-9));
  BOOST_TEST((results[1].status == ThresholdStatus::pass));  // at least 76 % of a thousand
}
