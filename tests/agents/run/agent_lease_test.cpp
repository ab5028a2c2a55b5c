// An agent starts requests only while its lease lasts: what renews it, when it ends to the
// nanosecond, and what is told of the time without one.

#include <boost/test/unit_test.hpp>

#include "tests/agents/agent_run_driver.hpp"

using namespace squall;
using namespace squall::tests;

BOOST_AUTO_TEST_SUITE(lease)

BOOST_AUTO_TEST_CASE(it_counts_from_when_the_answered_beat_was_sent) {
  Lease lease(3s);
  const Instant sent{1h};
  lease.on_beat_sent(sent);
  BOOST_TEST(!lease.holds(sent));
  BOOST_TEST(lease.on_beat_answered(sent));
  BOOST_TEST(lease.holds(sent + 3s - 1ns));
  BOOST_TEST(!lease.holds(sent + 3s));
}

BOOST_AUTO_TEST_CASE(answers_that_are_doubled_or_out_of_order_never_lengthen_it) {
  Lease lease(3s);
  const Instant first{1h};
  for (int i = 0; i < 3; ++i) lease.on_beat_sent(first + i * 1s);
  BOOST_TEST(lease.on_beat_answered(first + 1s));
  const Instant end = lease.end();
  BOOST_TEST(!lease.on_beat_answered(first + 1s));
  BOOST_TEST(!lease.on_beat_answered(first));
  BOOST_TEST((lease.end() == end));
}

BOOST_AUTO_TEST_CASE(an_answer_to_what_was_never_sent_renews_nothing) {
  Lease lease(3s);
  BOOST_TEST(!lease.on_beat_answered(Instant{1h}));
  lease.on_beat_sent(Instant{1h});
  BOOST_TEST(!lease.on_beat_answered(Instant{1h} + 1ns));
  BOOST_TEST(!lease.holds(Instant{1h}));
}

BOOST_AUTO_TEST_CASE(paused_time_is_told_interval_by_interval_and_only_once) {
  PausedTime paused;
  const Instant zero{1h};
  paused.begin(zero + 500ms);
  BOOST_TEST((paused.take_until(zero, zero + 1s) == 500ms));
  BOOST_TEST((paused.take_until(zero + 1s, zero + 2s) == 1s));
  paused.end(zero + 2250ms);
  paused.begin(zero + 2750ms);
  BOOST_TEST((paused.take_until(zero + 2s, zero + 3s) == 500ms));
  paused.end(zero + 3s);
  BOOST_TEST((paused.take_until(zero + 3s, zero + 4s) == 0ns));
}

BOOST_AUTO_TEST_CASE(a_pause_that_ends_before_it_began_is_none) {
  PausedTime paused;
  paused.begin(Instant{1h});
  paused.end(Instant{1h} - 1s);
  BOOST_TEST((paused.take_until(Instant{59min}, Instant{61min}) == 0ns));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(agent_with_a_lease, AgentDriver)

BOOST_AUTO_TEST_CASE(the_load_begins_with_the_lease_that_the_beats_before_it_have_earned) {
  begin(long_scenario);
  const auto* until = find<effect::LeaseUntil>(begun);
  BOOST_REQUIRE(until);
  BOOST_TEST(!find<effect::PauseLoad>(begun));
  live_until(start + 2s);
  BOOST_TEST(count<effect::PauseLoad>(seen) == 0u);
}

BOOST_AUTO_TEST_CASE(without_an_answered_beat_the_load_does_not_begin) {
  answers_beats = false;
  begin(long_scenario);
  live_until(start - 1ns);
  BOOST_TEST(!find<effect::PauseLoad>(seen));  // nothing was to start yet
  live_until(start);
  BOOST_TEST(find<effect::PauseLoad>(seen));
  answers_beats = true;
  live_until(start + 1s);
  BOOST_TEST(resumed(seen) == 1u);
}

BOOST_AUTO_TEST_CASE(a_lease_that_is_renewed_before_the_start_costs_nothing) {
  answers_beats = false;
  begin(long_scenario);
  live_until(start - 100ms);
  take(say(LeaseRenewed{0, newest_beat.time_since_epoch().count()}));
  answers_beats = true;
  live_until(start + 2s);
  BOOST_TEST(!find<effect::PauseLoad>(seen));
  for (const AgentEntry& entry : journal)
    if (const auto* taken = std::get_if<BatchTaken>(&entry))
      BOOST_TEST((taken->batch.snapshot.paused == 0ns));
}

BOOST_AUTO_TEST_CASE(it_pauses_exactly_when_the_newest_answered_beat_is_a_lease_old) {
  begin(long_scenario);
  live_until(start + 5s);
  const Instant end = newest_beat + times.lease;
  lose_the_coordinator();
  live_until(end - 1ns);
  BOOST_TEST(count<effect::PauseLoad>(seen) == 0u);
  live_until(end);
  BOOST_TEST(count<effect::PauseLoad>(seen) == 1u);
  BOOST_TEST(count<effect::StopUsers>(seen) == 0u);
}

BOOST_AUTO_TEST_CASE(users_are_told_the_end_of_each_lease_in_advance) {
  begin(long_scenario);
  live_until(start + 5s);
  Instant newest{};
  for (const auto& each : seen)
    if (const auto* until = std::get_if<effect::LeaseUntil>(&each)) newest = until->until;
  BOOST_TEST((newest == newest_beat + times.lease));
}

BOOST_AUTO_TEST_CASE(other_traffic_does_not_renew_it) {
  begin(long_scenario);
  live_until(start + 5s);
  const Instant end = newest_beat + times.lease;
  answers_beats = false;
  while (now < end) {
    live_until(std::min(now + 100ms, end));
    take(say(BatchAcknowledged{newest_batch}));
    take(say(LeaseRenewed{newest_batch, newest_beat.time_since_epoch().count() - 5'000'000'000}));
  }
  BOOST_TEST(count<effect::PauseLoad>(seen) == 1u);
}

BOOST_AUTO_TEST_CASE(a_late_answer_renews_from_its_beat_and_not_from_now) {
  begin(long_scenario);
  live_until(start + 5s);
  lose_the_coordinator();
  live_until(now + 4s);  // paused since about a second
  BOOST_REQUIRE(count<effect::PauseLoad>(seen) == 1u);
  const Instant beat = newest_beat;
  live_until(beat + 900ms);
  take(say(LeaseRenewed{0, beat.time_since_epoch().count()}));
  BOOST_TEST(resumed(seen) == 1u);
  live_until(beat + times.lease - 1ns);
  BOOST_TEST(count<effect::PauseLoad>(seen) == 1u);
  live_until(beat + times.lease);
  BOOST_TEST(count<effect::PauseLoad>(seen) == 2u);
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_older_than_a_lease_resumes_nothing) {
  begin(long_scenario);
  live_until(start + 5s);
  lose_the_coordinator();
  live_until(now + 1s);
  const Instant beat = newest_beat;
  live_until(beat + times.lease + 1s);
  take(say(LeaseRenewed{0, beat.time_since_epoch().count()}));
  BOOST_TEST(count<effect::PauseLoad>(seen) == 1u);
  BOOST_TEST(resumed(seen) == 0u);
}

BOOST_AUTO_TEST_CASE(a_process_that_was_stopped_pauses_before_it_believes_an_answer) {
  begin(long_scenario);
  live_until(start + 5s);
  const Instant beat = newest_beat;
  now += 8s;  // SIGSTOP; an answer was waiting all that time
  take(say(LeaseRenewed{0, beat.time_since_epoch().count()}));
  BOOST_TEST(count<effect::PauseLoad>(seen) == 1u);
  BOOST_TEST(resumed(seen) == 0u);
}

BOOST_AUTO_TEST_CASE(paused_time_is_in_the_batches_to_the_nanosecond) {
  begin(long_scenario);
  live_until(start + 5s);
  const Instant end = newest_beat + times.lease;
  lose_the_coordinator();
  live_until(end + 4s);
  answers_beats = true;
  live_until(now + 1s);
  BOOST_REQUIRE(resumed(seen) == 1u);
  const Instant resumed_at = newest_beat;  // the answer came in no time
  live_until(resumed_at + 3s);
  nanoseconds paused{0};
  for (const AgentEntry& entry : journal)
    if (const auto* taken = std::get_if<BatchTaken>(&entry)) paused += taken->batch.snapshot.paused;
  BOOST_TEST((paused == resumed_at - end));
}

BOOST_AUTO_TEST_CASE(a_load_that_ended_is_not_paused) {
  begin();
  live_until(start - 200ms);
  const Instant end = newest_beat + times.lease;
  BOOST_REQUIRE((end < start + 3500ms));  // before the plan's end
  lose_the_coordinator();
  live_until(start + 3600ms);
  run.on_users_stopped(now);
  live_until(start + 5s);
  nanoseconds paused{0};
  for (const AgentEntry& entry : journal)
    if (const auto* taken = std::get_if<BatchTaken>(&entry)) paused += taken->batch.snapshot.paused;
  BOOST_TEST((paused == start + 3500ms - end));
}

BOOST_AUTO_TEST_SUITE_END()
