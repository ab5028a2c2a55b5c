#include <boost/test/unit_test.hpp>

#include "tests/agents/agent_run_driver.hpp"

using namespace squall;
using namespace squall::tests;

BOOST_FIXTURE_TEST_SUITE(agent_run, AgentDriver)

BOOST_AUTO_TEST_CASE(what_the_target_is_and_warns_of_is_told_here_and_to_the_coordinator) {
  prepare();
  PreparedTarget target{"m", "f", true, "avx2", 1, 5ms};
  target.model_choice = "prefer-real (scenario)";
  target.model_origin = "models/m.gguf";
  target.warnings = {"a synthetic model stands in"};
  target.kind = "simulated";
  target.simulated = true;
  target.origin = "http://127.0.0.1:8000/v1";
  target.token_counts = "estimated";
  target.model_facts = scenarios::ModelFacts{};
  target.model_facts->parameters = 260'000;
  scenarios::HardwareFacts machine;
  machine.processor = "some processor";
  run.tell_of_machine(machine);
  const auto effects = run.on_target_ready(target, now);
  const auto* warn = find<effect::Warn>(effects);
  BOOST_REQUIRE(warn);
  BOOST_TEST(warn->what == "a synthetic model stands in");
  answer_all_probes();
  const auto told = run.on_calibrated({});
  const auto* message = sent<Ready>(told);
  BOOST_REQUIRE(message);
  BOOST_TEST(message->model_choice == "prefer-real (scenario)");
  BOOST_TEST(message->model_origin == "models/m.gguf");
  BOOST_TEST(message->warnings == target.warnings);
  BOOST_TEST(message->target_kind == "simulated");
  BOOST_TEST(message->target_is_simulated);
  BOOST_TEST(message->target_origin == "http://127.0.0.1:8000/v1");
  BOOST_TEST(message->token_counts == "estimated");
  BOOST_TEST((message->model_facts == target.model_facts));
  BOOST_TEST((message->hardware == machine));
}

BOOST_AUTO_TEST_CASE(greets_until_it_is_heard) {
  BOOST_TEST(sent<Hello>(run.on_tick(now, now)));
  BOOST_TEST(!sent<Hello>(run.on_tick(now, now + 100ms)));
  BOOST_TEST(sent<Hello>(run.on_tick(now, now + 600ms)));
}

BOOST_AUTO_TEST_CASE(gives_up_when_nobody_answers) {
  const auto effects = run.on_tick(now + 16s, now + 16s);
  const auto* leave = find<effect::Leave>(effects);
  BOOST_REQUIRE(leave);
  BOOST_TEST(leave->exit_code == 1);
  BOOST_TEST(leave->why.find("no coordinator answered") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_scenario_that_cannot_be_read_is_reported_to_the_coordinator) {
  prepare("name = 5");
  const auto* failed = sent<PrepareFailed>(prepared);
  BOOST_REQUIRE(failed);
  BOOST_TEST(failed->user_can_fix);
  BOOST_TEST(failed->message.find("dir/test.toml:1:") != std::string::npos);
  BOOST_TEST(find<effect::Leave>(prepared));
}

BOOST_AUTO_TEST_CASE(calibrates_when_target_and_clock_are_ready_and_is_ready_then) {
  prepare();
  BOOST_REQUIRE(find<effect::PrepareTarget>(prepared));
  BOOST_TEST(find<effect::PrepareTarget>(prepared)->folder == "dir");
  answer_all_probes();
  BOOST_TEST(!find<effect::Calibrate>(replied));
  const auto effects = run.on_target_ready({"m", "f", true, "avx2", 1, 5ms}, now);
  BOOST_REQUIRE(find<effect::Calibrate>(effects));
  BOOST_TEST((find<effect::Calibrate>(effects)->target == scenarios::TargetKind::engine));
  BOOST_TEST(!sent<Ready>(effects));
  const Calibration calibration{50'000, 2e6, 150us, 12us, 90ns};
  ready = run.on_calibrated(calibration);
  const auto* message = sent<Ready>(ready);
  BOOST_REQUIRE(message);
  BOOST_TEST(message->planned_users == 4u);
  BOOST_TEST(message->model_is_synthetic);
  BOOST_TEST(message->clock_error_bound.count() == 1'000'000);
  BOOST_TEST((message->calibration == calibration));
}

BOOST_AUTO_TEST_CASE(does_not_calibrate_before_the_clock_is_known) {
  prepare();
  BOOST_TEST(!find<effect::Calibrate>(run.on_target_ready({"m", "f", true, "avx2", 1, 5ms}, now)));
  answer_all_probes();
  BOOST_TEST(find<effect::Calibrate>(replied));
}

BOOST_AUTO_TEST_CASE(goes_on_showing_signs_of_life_while_it_calibrates) {
  prepare();
  answer_all_probes();
  run.on_target_ready({"m", "f", true, "avx2", 1, 5ms}, now);
  now += 1100ms;
  const auto effects = run.on_tick(now, now);
  BOOST_TEST(sent<Heartbeat>(effects));
  BOOST_TEST(!sent<Ready>(effects));
}

BOOST_AUTO_TEST_CASE(a_stop_order_during_the_calibration_ends_it_without_a_word) {
  prepare();
  answer_all_probes();
  run.on_target_ready({"m", "f", true, "avx2", 1, 5ms}, now);
  const auto left = say(StopLoad{0ns});
  BOOST_REQUIRE(find<effect::Leave>(left));
  BOOST_TEST(find<effect::Leave>(left)->exit_code == 0);
  BOOST_TEST(run.on_calibrated({}).empty());
}

BOOST_AUTO_TEST_CASE(the_common_start_is_translated_to_its_own_clock) {
  begin();
  const auto* load = find<effect::BeginLoad>(begun);
  BOOST_REQUIRE(load);
  BOOST_TEST((load->start == start));
}

BOOST_AUTO_TEST_CASE(snapshots_are_cut_at_seconds_and_at_phase_boundaries) {
  begin();
  live_until(start + 3500ms);
  const std::vector<Instant> expected{start + 1s, start + 1500ms, start + 2s, start + 3s,
                                      start + 3500ms};
  BOOST_TEST((snapshots == expected));
}

BOOST_AUTO_TEST_CASE(stops_by_its_own_plan_and_seals_when_empty) {
  begin();
  live_until(start + 3600ms);
  BOOST_TEST(find<effect::StopUsers>(seen));
  run.on_users_stopped(now);
  live_until(start + 4600ms);
  const auto* abandon = find<effect::AbandonOpen>(seen);
  BOOST_REQUIRE(abandon);
  BOOST_TEST(std::holds_alternative<OpenAtEnd>(abandon->outcome));
  const auto effects = run.on_snapshot(empty_snapshot(0), now);
  const auto* sealed = sent<Sealed>(effects);
  BOOST_REQUIRE(sealed);
  BOOST_TEST(sealed->batches == snapshots.size() + 1);
  const auto left = say(SealAcknowledged{});
  BOOST_REQUIRE(find<effect::Leave>(left));
  BOOST_TEST(find<effect::Leave>(left)->exit_code == 0);
}

BOOST_AUTO_TEST_CASE(does_not_seal_before_all_users_have_stopped) {
  begin();
  live_until(start + 3600ms);
  BOOST_TEST(!sent<Sealed>(run.on_snapshot(empty_snapshot(0), now)));
}

BOOST_AUTO_TEST_CASE(a_stop_order_ends_the_load_with_its_grace) {
  begin();
  live_until(start + 1s);
  const auto effects = say(StopLoad{500ms});
  BOOST_TEST(find<effect::StopUsers>(effects));
  run.on_users_stopped(now);
  live_until(now + 700ms);
  const auto* abandon = find<effect::AbandonOpen>(seen);
  BOOST_REQUIRE(abandon);
  BOOST_TEST(std::holds_alternative<Cancelled>(abandon->outcome));
}

BOOST_AUTO_TEST_CASE(messages_of_another_run_are_ignored) {
  begin();
  const auto effects = run.on_message(StopLoad{0ns}, "another-run", now);
  BOOST_TEST(effects.empty());
}

BOOST_AUTO_TEST_CASE(a_coordinator_of_another_version_is_named_as_the_reason) {
  run.on_tick(now, now);
  const auto effects = run.on_protocol_error("the peer speaks version 9");
  const auto* leave = find<effect::Leave>(effects);
  BOOST_REQUIRE(leave);
  BOOST_TEST(leave->why.find("version 9") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_few_broken_frames_during_a_run_are_survived) {
  begin();
  for (int i = 0; i < 7; ++i) BOOST_TEST(run.on_protocol_error("noise").empty());
  BOOST_TEST(find<effect::Leave>(run.on_protocol_error("noise")));
}

// ---- the check of answers, after the drain

struct Checking : AgentDriver {
  const std::string text = checked_scenario("2s");

  /// To the snapshot that shows that nothing is open any more; what it leads to.
  AgentEffects drain() {
    live_until(start + 2100ms);
    run.on_users_stopped(now);
    return run.on_snapshot(empty_snapshot(0), now);
  }
};

BOOST_FIXTURE_TEST_CASE(sampled_answers_are_checked_after_the_drain_and_then_it_seals, Checking) {
  begin(text);
  const auto drained = drain();
  const auto* check = find<effect::CheckAnswers>(drained);
  BOOST_REQUIRE(check);
  BOOST_TEST((check->until == now + 20s));
  BOOST_TEST(!sent<Sealed>(drained));
  live_until(now + 7s);
  BOOST_TEST(!sent<Sealed>(seen));
  BOOST_TEST(!find<effect::AbandonOpen>(seen));
  const auto checked = run.on_answers_checked(now);
  BOOST_REQUIRE(find<effect::TakeSnapshot>(checked));
  const auto effects = run.on_snapshot(empty_snapshot(0), now);
  BOOST_TEST(sent<MetricsBatch>(effects));
  BOOST_TEST(sent<Sealed>(effects));
}

BOOST_FIXTURE_TEST_CASE(a_snapshot_from_before_the_end_of_the_check_is_not_the_last, Checking) {
  begin(text);
  drain();
  now += 1100ms;
  BOOST_REQUIRE(find<effect::TakeSnapshot>(run.on_tick(now, now)));
  BOOST_TEST(!find<effect::TakeSnapshot>(run.on_answers_checked(now)));
  BOOST_TEST(!sent<Sealed>(run.on_snapshot(empty_snapshot(0), now)));
  now += 100ms;
  BOOST_REQUIRE(find<effect::TakeSnapshot>(run.on_tick(now, now)));
  BOOST_TEST(sent<Sealed>(run.on_snapshot(empty_snapshot(0), now)));
}

BOOST_FIXTURE_TEST_CASE(a_check_that_never_ends_is_not_waited_for, Checking) {
  begin(text);
  drain();
  live_until(now + 21s);
  BOOST_TEST(!sent<Sealed>(seen));
  live_until(now + 3s);
  BOOST_TEST(sent<Sealed>(seen));
}

BOOST_FIXTURE_TEST_CASE(a_stop_order_ends_the_check_at_once, Checking) {
  begin(text);
  drain();
  const auto effects = say(StopLoad{0ns});
  BOOST_REQUIRE(find<effect::CheckAnswers>(effects));
  BOOST_TEST((find<effect::CheckAnswers>(effects)->until <= now));
  BOOST_TEST(find<effect::AbandonOpen>(effects));
  BOOST_REQUIRE(find<effect::TakeSnapshot>(run.on_answers_checked(now)));
  BOOST_TEST(sent<Sealed>(run.on_snapshot(empty_snapshot(0), now)));
}

BOOST_FIXTURE_TEST_CASE(a_load_that_was_broken_off_is_not_checked, Checking) {
  begin(text);
  live_until(start + 1s);
  say(StopLoad{0ns});
  run.on_users_stopped(now);
  const auto effects = run.on_snapshot(empty_snapshot(0), now);
  BOOST_TEST(!find<effect::CheckAnswers>(effects));
  BOOST_TEST(sent<Sealed>(effects));
}

BOOST_AUTO_TEST_CASE(without_a_sample_nothing_is_checked) {
  begin();
  live_until(start + 3600ms);
  run.on_users_stopped(now);
  const auto effects = run.on_snapshot(empty_snapshot(0), now);
  BOOST_TEST(!find<effect::CheckAnswers>(effects));
  BOOST_TEST(sent<Sealed>(effects));
}

BOOST_AUTO_TEST_CASE(its_own_lateness_is_reported) {
  begin();
  live_until(start + 500ms);
  run.on_tick(now, now + 40ms);
  now += 40ms;
  const auto effects = run.on_snapshot(empty_snapshot(1), now);
  const auto* batch = sent<MetricsBatch>(effects);
  BOOST_REQUIRE(batch);
  BOOST_TEST(batch->snapshot.loop_lag.count() >= 40'000'000);
}

BOOST_AUTO_TEST_SUITE_END()
