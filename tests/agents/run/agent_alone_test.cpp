// An agent whose coordinator is silent: it goes by its plan without a lease, keeps everything,
// greets again and again, and hands over when somebody answers.

#include <boost/test/unit_test.hpp>

#include "tests/agents/agent_run_driver.hpp"

using namespace squall;
using namespace squall::tests;

BOOST_FIXTURE_TEST_SUITE(agent_alone, AgentDriver)

BOOST_AUTO_TEST_CASE(it_greets_again_in_its_run_and_says_how_much_it_has) {
  begin(long_scenario);
  live_until(start + 5s);
  lose_the_coordinator();
  seen.clear();
  live_until(now + 3s);
  BOOST_TEST(!sent<Hello>(seen));
  live_until(now + 10s);
  const auto greetings = all_sent<Hello>(seen);
  BOOST_REQUIRE(greetings.size() >= 3u);
  BOOST_TEST(greetings.front().name == "a");
  BOOST_TEST(greetings.front().batches >= 5u);
  BOOST_TEST(run.run() == "run-1");
  BOOST_TEST(count<effect::ConnectAnew>(seen) >= 1u);
}

BOOST_AUTO_TEST_CASE(it_does_not_bury_a_dead_line_in_batches) {
  begin(long_scenario);
  live_until(start + 5s);
  lose_the_coordinator();
  live_until(now + 10s);
  seen.clear();
  live_until(now + 20s);
  BOOST_TEST(all_sent<MetricsBatch>(seen).size() <= all_sent<Hello>(seen).size());
  BOOST_TEST(all_sent<Hello>(seen).size() <= 10u);
}

BOOST_AUTO_TEST_CASE(load_drain_and_seal_come_by_plan_and_are_kept_meanwhile) {
  begin();
  live_until(start + 1s);
  lose_the_coordinator();
  live_until(start + 3600ms);
  BOOST_TEST(find<effect::StopUsers>(seen));
  run.on_users_stopped(now);
  live_until(start + 4600ms);
  BOOST_TEST(find<effect::AbandonOpen>(seen));
  in_flight = 0;
  live_until(start + 30s);
  BOOST_REQUIRE(!journal.empty());
  const auto* sealed = std::get_if<PartSealed>(&journal.back());
  BOOST_REQUIRE(sealed);
  BOOST_TEST(sealed->sealed.batches == snapshots.size());
  BOOST_TEST(sealed->sealed.stopped_because.empty());
  BOOST_TEST(!find<effect::Leave>(seen));
}

BOOST_AUTO_TEST_CASE(when_the_coordinator_answers_everything_is_sent_and_sealed) {
  begin();
  live_until(start + 1s);
  lose_the_coordinator();
  live_until(start + 3600ms);
  run.on_users_stopped(now);
  in_flight = 0;
  live_until(start + 60s);
  const std::uint64_t had = newest_batch;
  seen.clear();
  acknowledges = true;
  take(say(BatchAcknowledged{had}));  // the answer to its greeting
  live_until(now + 3s);
  BOOST_TEST(newest_batch == snapshots.size());
  BOOST_REQUIRE(sent<Sealed>(seen));
  take(say(SealAcknowledged{}));
  BOOST_TEST(std::holds_alternative<AllAcknowledged>(journal.back()));
  const auto* leave = find<effect::Leave>(seen);
  BOOST_REQUIRE(leave);
  BOOST_TEST(leave->exit_code == 0);
  BOOST_TEST(!leave->undelivered);
}

BOOST_AUTO_TEST_CASE(its_patience_ends_and_it_says_that_something_is_undelivered) {
  begin(long_scenario);
  live_until(start + 5s);
  lose_the_coordinator();
  live_until(now + times.agent_patience - 2s);
  BOOST_TEST(!find<effect::Leave>(seen));
  live_until(now + 4s);
  const auto* leave = find<effect::Leave>(seen);
  BOOST_REQUIRE(leave);
  BOOST_TEST(leave->exit_code == 1);
  BOOST_TEST(leave->undelivered);
  BOOST_TEST(leave->why.find("silent for 600 s") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(before_the_load_it_waits_no_longer_than_for_a_greeting) {
  make_ready();
  lose_the_coordinator();
  live_until(now + times.greeting_patience + 2s);
  const auto* leave = find<effect::Leave>(seen);
  BOOST_REQUIRE(leave);
  BOOST_TEST(leave->exit_code == 1);
  BOOST_TEST(!leave->undelivered);
}

BOOST_AUTO_TEST_CASE(a_stop_of_its_own_process_is_no_silence_of_the_coordinator) {
  begin(long_scenario);
  live_until(start + 5s);
  seen.clear();
  const Instant due = run.next_tick(now);
  now = due + 8s;
  take(run.on_tick(due, now));
  BOOST_TEST(!find<effect::ConnectAnew>(seen));
  BOOST_TEST(!sent<Hello>(seen));
  BOOST_TEST(find<effect::PauseLoad>(seen));  // its lease is over all the same
}

BOOST_AUTO_TEST_CASE(another_run_at_the_coordinators_place_ends_the_waiting) {
  begin(long_scenario);
  live_until(start + 5s);
  const auto other = [&] { return run.on_message(Rejected{"it is full", true}, "run-2", now); };
  BOOST_TEST(other().empty());  // a stray word while all is well
  lose_the_coordinator();
  live_until(now + 10s);
  const auto effects = other();
  const auto* leave = find<effect::Leave>(effects);
  BOOST_REQUIRE(leave);
  BOOST_TEST(leave->exit_code == 1);
  BOOST_TEST(leave->undelivered);
}

BOOST_AUTO_TEST_CASE(answers_are_not_checked_without_a_lease) {
  begin(checked_scenario("10s"));
  live_until(start + 1s);
  lose_the_coordinator();
  live_until(start + 10100ms);
  run.on_users_stopped(now);
  in_flight = 0;
  live_until(now + 1s);
  BOOST_TEST(!find<effect::CheckAnswers>(seen));
  BOOST_TEST(std::holds_alternative<PartSealed>(journal.back()));
  std::vector<RunEvent> events;
  for (const AgentEntry& entry : journal)
    if (const auto* taken = std::get_if<BatchTaken>(&entry))
      for (const RunEvent& event : taken->batch.snapshot.events) events.push_back(event);
  BOOST_REQUIRE(events.size() == 1u);  // the report has it, whoever watches this agent
  BOOST_TEST(events[0].what.find("answers are not checked") != std::string::npos);
  BOOST_TEST((start + events[0].at <= now));
}

// ---- before it has a run

BOOST_AUTO_TEST_CASE(a_run_that_is_under_way_may_be_waited_out) {
  times.greeting_patience = 1h;
  run = AgentRun(Hello{"a", "0.1.0", "host", 7}, 42, times, now);
  take(run.on_tick(now, now));
  take(say(Rejected{"the run is under way", true}));
  BOOST_TEST(!find<effect::Leave>(seen));
  BOOST_TEST(run.run().empty());
  live_until(now + 30s);
  const std::size_t greetings = all_sent<Hello>(seen).size();
  BOOST_TEST(greetings >= 5u);
  BOOST_TEST(greetings <= 8u);  // no hurry any more
  const auto next = run.on_message(Prepare{plain_scenario, "dir/test.toml", {0, 1}}, "run-2", now);
  BOOST_TEST(find<effect::PrepareTarget>(next));
  BOOST_TEST(run.run() == "run-2");
}

BOOST_AUTO_TEST_CASE(and_a_short_patience_ends_with_the_reason) {
  take(run.on_tick(now, now));
  take(say(Rejected{"the run is under way", true}));
  live_until(now + times.greeting_patience + 1s);
  const auto* leave = find<effect::Leave>(seen);
  BOOST_REQUIRE(leave);
  BOOST_TEST(leave->exit_code == 1);
  BOOST_TEST(leave->why.find("under way") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_refusal_for_good_ends_it_at_once) {
  take(run.on_tick(now, now));
  take(say(Rejected{"it lacks the label gpu", false}));
  const auto* leave = find<effect::Leave>(seen);
  BOOST_REQUIRE(leave);
  BOOST_TEST(leave->why.find("label gpu") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_coordinator_that_gathers_for_long_is_waited_for_while_it_answers) {
  for (int i = 0; i < 60; ++i) {
    live_until(now + 1s);
    take(say(BatchAcknowledged{0}));
  }
  BOOST_TEST(!find<effect::Leave>(seen));
}

BOOST_AUTO_TEST_SUITE_END()
