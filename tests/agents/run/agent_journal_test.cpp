// What an agent keeps before it says it, what it does when it cannot, and how the journal of an
// agent that is no more is handed over.

#include <boost/test/unit_test.hpp>

#include "tests/agents/agent_run_driver.hpp"

using namespace squall;
using namespace squall::tests;

namespace {

/// Where in a list each batch is kept and sent.
template <class Predicate>
std::ptrdiff_t place_of(const AgentEffects& effects, Predicate is_it) {
  const auto found = std::find_if(effects.begin(), effects.end(), is_it);
  return found == effects.end() ? -1 : found - effects.begin();
}

bool keeps_batch(const AgentEffect& any) {
  const auto* keep = std::get_if<effect::Keep>(&any);
  return keep != nullptr && std::holds_alternative<BatchTaken>(keep->entry);
}
bool sends_batch(const AgentEffect& any) {
  const auto* send = std::get_if<effect::Send>(&any);
  return send != nullptr && std::holds_alternative<MetricsBatch>(send->message);
}

/// The plan is done; three requests are open and have the rest of the drain.
struct Draining : AgentDriver {
  void drain_for(const std::string& drain) {
    std::string text = plain_scenario;
    const std::string planned = "drain = \"1s\"";
    text.replace(text.find(planned), planned.size(), "drain = \"" + drain + "\"");
    begin(text);
    live_until(start + 3600ms);
    take(run.on_users_stopped(now));
    live_until(now + 200ms);
    BOOST_TEST(!find<effect::AbandonOpen>(seen));
  }
  /// Every request has ended by now.
  std::string why_it_stopped() {
    in_flight = 0;
    live_until(now + 1s);
    const auto* sealed = sent<Sealed>(seen);
    BOOST_REQUIRE(sealed);
    return sealed->stopped_because;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(agent_journal, AgentDriver)

BOOST_AUTO_TEST_CASE(its_part_is_opened_before_anything_is_prepared) {
  prepare();
  const auto* opened = kept<PartOpened>(prepared);
  BOOST_REQUIRE(opened);
  BOOST_TEST(opened->run == "run-1");
  BOOST_TEST(opened->epoch == 42u);
  BOOST_TEST(opened->hello.name == "a");
  BOOST_TEST(std::holds_alternative<effect::Keep>(prepared.front()));
  BOOST_TEST(find<effect::PrepareTarget>(prepared));
}

BOOST_AUTO_TEST_CASE(a_batch_is_kept_before_it_is_sent) {
  begin();
  live_until(start + 500ms);
  const auto effects = run.on_snapshot(empty_snapshot(1), now);
  const auto keep = place_of(effects, keeps_batch);
  const auto send = place_of(effects, sends_batch);
  BOOST_REQUIRE(keep >= 0);
  BOOST_REQUIRE(send >= 0);
  BOOST_TEST(keep < send);
}

BOOST_AUTO_TEST_CASE(the_seal_has_the_totals_and_the_hash_of_all_batches) {
  begin();
  live_until(start + 3600ms);
  run.on_users_stopped(now);
  in_flight = 0;
  live_until(now + 1s);
  const auto* sealed = std::get_if<PartSealed>(&journal.back());
  BOOST_REQUIRE(sealed);
  BatchHash hash;
  for (const AgentEntry& entry : journal)
    if (const auto* taken = std::get_if<BatchTaken>(&entry)) hash.add(taken->batch);
  BOOST_TEST(sealed->sealed.hash == hash.value());
  const auto* said = sent<Sealed>(seen);
  BOOST_REQUIRE(said);
  BOOST_TEST(said->hash == hash.value());
}

BOOST_AUTO_TEST_CASE(without_a_journal_it_does_not_take_part) {
  prepare();
  const auto effects = run.on_journal_failed("no space left on device", now);
  const auto* failed = sent<PrepareFailed>(effects);
  BOOST_REQUIRE(failed);
  BOOST_TEST(failed->user_can_fix);
  BOOST_TEST(failed->message.find("no space left") != std::string::npos);
  BOOST_REQUIRE(find<effect::Leave>(effects));
  BOOST_TEST(find<effect::Leave>(effects)->exit_code == 2);
}

BOOST_AUTO_TEST_CASE(a_full_disk_stops_the_load_and_what_is_known_is_still_sealed) {
  begin();
  live_until(start + 1100ms);
  const auto list = run.on_snapshot(empty_snapshot(2), now);  // its Keep cannot be done
  BOOST_REQUIRE(kept<BatchTaken>(list));
  seen.clear();
  journal.clear();
  const std::uint64_t taken = kept<BatchTaken>(list)->batch.sequence;
  take(run.on_journal_failed("no space left on device", now));
  BOOST_TEST(find<effect::StopUsers>(seen));
  BOOST_TEST(find<effect::Warn>(seen));
  run.on_users_stopped(now);
  live_until(now + 200ms);
  const auto* abandon = find<effect::AbandonOpen>(seen);
  BOOST_REQUIRE(abandon);
  BOOST_TEST(std::holds_alternative<Cancelled>(abandon->outcome));
  in_flight = 0;
  live_until(now + 2s);
  BOOST_TEST(journal.empty());  // nothing is kept any more
  const auto* sealed = sent<Sealed>(seen);
  BOOST_REQUIRE(sealed);
  BOOST_TEST(sealed->stopped_because.find("no space left") != std::string::npos);
  BOOST_TEST(newest_batch > taken);  // that batch and all after it
  take(say(SealAcknowledged{}));
  BOOST_REQUIRE(find<effect::Leave>(seen));
  BOOST_TEST(find<effect::Leave>(seen)->exit_code == 0);
}

BOOST_AUTO_TEST_CASE(a_disk_that_is_full_only_at_the_seal_takes_nothing_from_the_run) {
  begin();
  live_until(start + 3600ms);
  run.on_users_stopped(now);
  const auto list = run.on_snapshot(empty_snapshot(0), now);
  BOOST_REQUIRE(kept<PartSealed>(list));
  seen.clear();
  take(run.on_journal_failed("no space left on device", now));
  live_until(now + 1500ms);
  const auto* sealed = sent<Sealed>(seen);
  BOOST_REQUIRE(sealed);
  BOOST_TEST(sealed->stopped_because.empty());
  const auto left = say(SealAcknowledged{});
  BOOST_TEST(!kept<AllAcknowledged>(left));
  BOOST_REQUIRE(find<effect::Leave>(left));
}

BOOST_AUTO_TEST_CASE(an_order_to_check_that_was_not_carried_out_does_not_hold_up_the_end) {
  begin(checked_scenario("2s"));
  live_until(start + 2100ms);
  run.on_users_stopped(now);
  const auto list = run.on_snapshot(empty_snapshot(0), now);
  BOOST_REQUIRE(find<effect::CheckAnswers>(list));
  take(run.on_journal_failed("no space left on device", now));
  live_until(now + 4s);
  BOOST_TEST(sent<Sealed>(seen));
}

BOOST_AUTO_TEST_CASE(a_journal_that_fails_at_the_very_end_does_not_keep_it_from_leaving) {
  begin();
  live_until(start + 3600ms);
  run.on_users_stopped(now);
  take(run.on_snapshot(empty_snapshot(0), now));
  const auto list = say(SealAcknowledged{});
  BOOST_REQUIRE(kept<AllAcknowledged>(list));
  const auto effects = run.on_journal_failed("no space left on device", now);
  BOOST_REQUIRE(find<effect::Leave>(effects));
  BOOST_TEST(find<effect::Leave>(effects)->exit_code == 0);
}

BOOST_AUTO_TEST_CASE(an_interrupt_in_mid_run_leaves_something_undelivered) {
  begin();
  live_until(start + 1500ms);
  const auto effects = run.on_interrupt();
  const auto* leave = find<effect::Leave>(effects);
  BOOST_REQUIRE(leave);
  BOOST_TEST(leave->exit_code == 130);
  BOOST_TEST(leave->undelivered);
}

BOOST_AUTO_TEST_CASE(asked_to_end_it_hands_over_what_it_has_and_says_why) {
  begin();
  live_until(start + 1500ms);
  seen.clear();
  take(run.on_asked_to_end(now));
  BOOST_TEST(find<effect::StopUsers>(seen));
  run.on_users_stopped(now);
  live_until(now + 2200ms);
  BOOST_TEST(find<effect::AbandonOpen>(seen));
  in_flight = 0;
  live_until(now + 1s);
  const auto* sealed = sent<Sealed>(seen);
  BOOST_REQUIRE(sealed);
  BOOST_TEST(sealed->stopped_because.find("asked to end") != std::string::npos);
  const auto left = say(SealAcknowledged{});
  const auto* leave = find<effect::Leave>(left);
  BOOST_REQUIRE(leave);
  BOOST_TEST(leave->exit_code == 130);
  BOOST_TEST(!leave->undelivered);
}

BOOST_FIXTURE_TEST_CASE(asked_to_end_while_answers_are_awaited_it_says_that_it_cut_them_off,
                        Draining) {
  drain_for("10s");
  take(run.on_asked_to_end(now));
  live_until(now + 1900ms);
  BOOST_TEST(!find<effect::AbandonOpen>(seen));
  live_until(now + 300ms);
  const auto* abandon = find<effect::AbandonOpen>(seen);
  BOOST_REQUIRE(abandon);
  BOOST_TEST(std::holds_alternative<Cancelled>(abandon->outcome));
  BOOST_TEST(why_it_stopped().find("asked to end") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(asked_to_end_when_every_answer_comes_in_time_nothing_was_cut_off,
                        Draining) {
  drain_for("10s");
  take(run.on_asked_to_end(now));
  live_until(now + 1s);
  BOOST_TEST(why_it_stopped().empty());
  BOOST_TEST(!find<effect::AbandonOpen>(seen));
}

BOOST_FIXTURE_TEST_CASE(asked_to_end_just_before_the_drain_ends_by_plan_nothing_was_cut_off,
                        Draining) {
  drain_for("1s");
  take(run.on_asked_to_end(now));
  live_until(now + 1s);
  const auto* abandon = find<effect::AbandonOpen>(seen);
  BOOST_REQUIRE(abandon);
  BOOST_TEST(std::holds_alternative<OpenAtEnd>(abandon->outcome));
  BOOST_TEST(why_it_stopped().empty());
}

BOOST_FIXTURE_TEST_CASE(asked_to_end_and_then_stopped_by_the_coordinator_it_was_told_to, Draining) {
  drain_for("10s");
  take(run.on_asked_to_end(now));
  take(say(StopLoad{0ns}));
  live_until(now + 200ms);
  BOOST_TEST(find<effect::AbandonOpen>(seen));
  BOOST_TEST(why_it_stopped().empty());
}

BOOST_FIXTURE_TEST_CASE(asked_to_end_it_keeps_the_reason_that_it_had, Draining) {
  begin();
  live_until(start + 1500ms);
  take(run.on_journal_failed("no space left on device", now));
  take(run.on_asked_to_end(now));
  run.on_users_stopped(now);
  live_until(now + 200ms);
  BOOST_TEST(why_it_stopped().find("no space left on device") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(asked_to_end_it_does_not_wait_for_ever) {
  begin();
  live_until(start + 1500ms);
  take(run.on_asked_to_end(now));
  live_until(now + 9s);
  const auto* leave = find<effect::Leave>(seen);
  BOOST_REQUIRE(leave);
  BOOST_TEST(leave->exit_code == 130);
  BOOST_TEST(leave->undelivered);
}

BOOST_AUTO_TEST_CASE(asked_to_end_with_nobody_to_hand_over_to_it_leaves_at_once) {
  begin(long_scenario);
  live_until(start + 2s);
  lose_the_coordinator();
  live_until(now + 8s);
  const auto effects = run.on_asked_to_end(now);
  BOOST_REQUIRE(find<effect::Leave>(effects));
  BOOST_TEST(find<effect::Leave>(effects)->undelivered);
}

BOOST_AUTO_TEST_CASE(an_interrupt_before_the_load_leaves_nothing) {
  make_ready();
  const auto effects = run.on_asked_to_end(now);
  BOOST_REQUIRE(find<effect::Leave>(effects));
  BOOST_TEST(!find<effect::Leave>(effects)->undelivered);
}

BOOST_AUTO_TEST_SUITE_END()

// ---- hand-over

namespace {

struct HandOver : AgentDriver {
  /// What an agent leaves behind that ran for some seconds and then was no more.
  std::vector<AgentEntry> left_behind(bool sealed) {
    AgentDriver dead;
    dead.begin();
    dead.live_until(dead.start + 3600ms);
    if (sealed) {
      dead.run.on_users_stopped(dead.now);
      dead.in_flight = 0;
      dead.live_until(dead.now + 1s);
    }
    return dead.journal;
  }

  void hand_over(std::vector<AgentEntry> entries) {
    run = AgentRun::handing_over(std::move(entries), times, now);
    seen.clear();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(hand_over, HandOver)

BOOST_AUTO_TEST_CASE(it_speaks_in_the_name_and_epoch_of_the_dead_and_asks_for_no_lease) {
  hand_over(left_behind(false));
  BOOST_TEST(run.run() == "run-1");
  BOOST_TEST(run.epoch() == 42u);
  take(run.on_tick(now, now));
  const auto* hello = sent<Hello>(seen);
  BOOST_REQUIRE(hello);
  BOOST_TEST(hello->name == "a");
  BOOST_TEST(hello->batches == 5u);
  live_until(now + 5s);
  BOOST_TEST(!sent<Heartbeat>(seen));
}

BOOST_AUTO_TEST_CASE(all_batches_and_the_seal_of_the_journal_are_delivered) {
  const auto entries = left_behind(true);
  const auto* its_seal = std::get_if<PartSealed>(&entries.back());
  BOOST_REQUIRE(its_seal);
  hand_over(entries);
  take(run.on_tick(now, now));
  take(say(BatchAcknowledged{newest_batch}));
  live_until(now + 2s);
  BOOST_TEST(newest_batch == its_seal->sealed.batches);
  const auto* sealed = sent<Sealed>(seen);
  BOOST_REQUIRE(sealed);
  BOOST_TEST(sealed->hash == its_seal->sealed.hash);
  BOOST_TEST(sealed->stopped_because.empty());
  journal.clear();
  take(say(SealAcknowledged{}));
  BOOST_REQUIRE(journal.size() == 1u);
  BOOST_TEST(std::holds_alternative<AllAcknowledged>(journal.front()));
  BOOST_TEST(find<effect::Leave>(seen)->exit_code == 0);
}

BOOST_AUTO_TEST_CASE(only_what_the_coordinator_lacks_is_sent) {
  hand_over(left_behind(true));
  take(run.on_tick(now, now));
  seen.clear();
  acknowledges = false;
  take(say(BatchAcknowledged{4}));
  live_until(now + 500ms);
  for (const MetricsBatch& batch : all_sent<MetricsBatch>(seen)) BOOST_TEST(batch.sequence > 4u);
}

BOOST_AUTO_TEST_CASE(a_part_without_a_seal_is_sealed_with_what_is_not_known) {
  hand_over(left_behind(false));
  take(run.on_tick(now, now));
  BOOST_REQUIRE(!journal.empty());
  const auto* sealed = std::get_if<PartSealed>(&journal.back());
  BOOST_REQUIRE(sealed);
  BOOST_TEST(sealed->sealed.batches == 5u);
  BOOST_TEST(sealed->sealed.stopped_because.find("process ended") != std::string::npos);
  BOOST_TEST(sealed->sealed.stopped_because.find("after batch 5") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_coordinator_that_never_answers_is_waited_for_and_not_for_ever) {
  hand_over(left_behind(true));
  live_until(now + times.greeting_patience + 1s);
  const auto* leave = find<effect::Leave>(seen);
  BOOST_REQUIRE(leave);
  BOOST_TEST(leave->exit_code == 1);
  BOOST_TEST(leave->undelivered);
}

BOOST_AUTO_TEST_CASE(a_coordinator_that_knows_nothing_of_it_ends_it_and_the_journal_stays) {
  hand_over(left_behind(true));
  take(run.on_tick(now, now));
  take(say(Rejected{"it does not take part in this run", false}));
  const auto* leave = find<effect::Leave>(seen);
  BOOST_REQUIRE(leave);
  BOOST_TEST(leave->undelivered);
}

BOOST_AUTO_TEST_CASE(a_journal_that_is_none_or_damaged_or_done_is_refused_in_words) {
  BOOST_CHECK_THROW(AgentRun::handing_over({}, times, now), JournalError);
  auto entries = left_behind(true);
  auto no_beginning = entries;
  no_beginning.erase(no_beginning.begin());
  BOOST_CHECK_THROW(AgentRun::handing_over(no_beginning, times, now), JournalError);
  auto gap = entries;
  gap.erase(gap.begin() + 2);
  BOOST_CHECK_THROW(AgentRun::handing_over(gap, times, now), JournalError);
  auto shortened = entries;
  shortened.erase(shortened.end() - 2);  // the last batch, but not the seal that counts it
  BOOST_CHECK_THROW(AgentRun::handing_over(shortened, times, now), JournalError);
  auto done = entries;
  done.emplace_back(std::in_place_type<AllAcknowledged>);
  BOOST_CHECK_THROW(AgentRun::handing_over(done, times, now), JournalError);
}

BOOST_AUTO_TEST_SUITE_END()
