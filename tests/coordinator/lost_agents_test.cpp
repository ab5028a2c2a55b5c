#include <set>

#include "tests/coordinator/run_fixture.hpp"

using namespace squall;
using namespace squall::tests;

namespace {

/// Four agents for a minute, of whom two may be lost.
struct FabricFixture : RunFixture {
  const Peers all{"a", "b", "c", "d"};

  FabricFixture() {
    RunRecord record = fresh_record();
    record.scenario.phases = {0s, 60s, 1s};
    record.scenario.agents.may_lose = 2;
    record.scenario.agents.take_over_ramp = 10s;
    restart(record, {.agents = 4});
    begin(all);
    for (const auto& each : all) hear(each, Started{});
    for (const auto& each : all) beat(each);
  }
  nanoseconds since_start() const { return run.elapsed(now); }
  /// Until somebody is told to take over; false when nobody is within so long.
  std::vector<std::pair<std::string, TakeOver>> wait_for_orders(const Peers& alive,
                                                                nanoseconds limit) {
    std::vector<std::pair<std::string, TakeOver>> orders;
    for (const Instant until = now + limit; orders.empty() && now < until; now += 100ms) {
      for (const auto& each : alive) beat(each);
      for (const auto& each : tick().say)
        if (const auto* order = std::get_if<TakeOver>(&each.message))
          orders.emplace_back(each.peer, *order);
    }
    return orders;
  }
};

/// Which of so many items these shares own, each counted.
std::vector<int> owners(const std::vector<scenarios::AgentShare>& shares, std::uint64_t items) {
  std::vector<int> owned(items);
  for (const auto& share : shares)
    for (std::uint64_t item = 0; item < items; ++item) owned[item] += share.owns(item) ? 1 : 0;
  return owned;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(lost_agents, FabricFixture)

BOOST_AUTO_TEST_CASE(work_moves_only_after_the_lease_can_be_no_more) {
  const Instant last_beat = now;
  note(run.on_process_ended(100, "killed by signal 9", now));
  const auto orders = wait_for_orders({"b", "c", "d"}, 10s);
  BOOST_REQUIRE(!orders.empty());
  const Instant moved = now - 100ms;
  BOOST_TEST((moved - last_beat >= times.lease + times.lease_margin));
  BOOST_TEST((moved - last_beat <= times.lease + times.lease_margin + 200ms));
  for (const auto& [taker, order] : orders) {
    BOOST_TEST((order.from >= moved - (now - since_start()) + 2s));
    BOOST_TEST((order.ramp == 10s));
  }
}

BOOST_AUTO_TEST_CASE(the_pieces_are_the_lost_share_and_go_to_all_who_are_left) {
  note(run.on_process_ended(100, "killed", now));
  const auto orders = wait_for_orders({"b", "c", "d"}, 10s);
  std::vector<scenarios::AgentShare> pieces;
  std::set<std::string> takers;
  for (const auto& [taker, order] : orders) {
    pieces.push_back(order.share);
    takers.insert(taker);
  }
  BOOST_TEST(takers == (std::set<std::string>{"b", "c", "d"}), boost::test_tools::per_element());
  const auto& lost = run.record().agents[0].share;
  BOOST_TEST(owners(pieces, 120) == owners({lost}, 120), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_order_is_repeated_with_each_beat_until_it_is_confirmed) {
  note(run.on_process_ended(100, "killed", now));
  const auto orders = wait_for_orders({"b", "c", "d"}, 10s);
  const auto of_b =
      std::ranges::find(orders, std::string("b"), &std::pair<std::string, TakeOver>::first);
  BOOST_REQUIRE(of_b != orders.end());
  BOOST_TEST(only<TakeOver>(beat("b")).number == of_b->second.number);
  const auto before = run.record().moved;
  BOOST_TEST(std::ranges::none_of(before, &MovedShare::taken));
  hear("b", TookOver{of_b->second.number});
  hear("b", TookOver{of_b->second.number});
  BOOST_TEST(told<TakeOver>(beat("b")).empty());
  BOOST_TEST(std::ranges::count_if(run.record().moved, &MovedShare::taken) == 1);
}

BOOST_AUTO_TEST_CASE(what_a_lost_taker_had_taken_moves_again) {
  note(run.on_process_ended(100, "killed", now));
  wait_for_orders({"b", "c", "d"}, 10s);
  note(run.on_process_ended(101, "killed", now));  // b
  const auto orders = wait_for_orders({"c", "d"}, 10s);
  std::vector<scenarios::AgentShare> pieces;
  for (const auto& [taker, order] : orders) {
    BOOST_TEST((taker == "c" || taker == "d"));
    pieces.push_back(order.share);
  }
  std::vector<scenarios::AgentShare> lost{run.record().agents[1].share};
  for (const auto& moved : run.record().moved)
    if (moved.agent == 0 && moved.to == 1) lost.push_back(moved.share);
  BOOST_TEST(lost.size() == 2u);
  BOOST_TEST(owners(pieces, 600) == owners(lost, 600), boost::test_tools::per_element());
  BOOST_TEST(!run.record().broken.has_value());
}

BOOST_AUTO_TEST_CASE(one_loss_too_many_fails_the_run_at_once) {
  note(run.on_process_ended(100, "killed", now));
  note(run.on_process_ended(101, "killed", now));
  BOOST_TEST(!run.record().broken.has_value());
  const auto out = note(run.on_process_ended(102, "killed", now));
  BOOST_TEST(told<StopLoad>(out) == Peers{"d"}, boost::test_tools::per_element());
  BOOST_TEST(run.record().broken->find("agent c was lost") != std::string::npos);
  hear("d", sealed(0));
  BOOST_TEST(run.finished());
}

BOOST_AUTO_TEST_CASE(an_agent_that_returns_hands_over_what_it_has_and_gets_nothing_to_do) {
  hear("a", batch(1, 5));
  pass(6s, {"b", "c", "d"});
  BOOST_REQUIRE(run.record().agents[0].lost.has_value());
  const auto out = beat("a");
  BOOST_TEST((only<StopLoad>(out).grace == 0s));
  BOOST_TEST(told<LeaseRenewed>(out).empty());
  BOOST_TEST(only<BatchAcknowledged>(hear("a", batch(2, 7))).sequence == 2u);
  BOOST_TEST(told<SealAcknowledged>(hear("a", sealed(2))) == Peers{"a"},
             boost::test_tools::per_element());
  BOOST_TEST(issued() == 12u);
  BOOST_TEST(run.record().agents[0].lost.has_value());
  BOOST_TEST(run.record().agents[0].sealed.has_value());
  BOOST_TEST(!run.record().broken.has_value());
}

BOOST_AUTO_TEST_CASE(the_run_waits_for_a_lost_agent_that_is_handing_over) {
  pass(6s, {"b", "c", "d"});
  pass(55s, all);
  for (const char* each : {"b", "c", "d"}) hear(each, sealed(0));
  BOOST_TEST(!run.finished());
  beat("a");
  hear("a", sealed(0));
  BOOST_TEST(run.finished());
}

BOOST_AUTO_TEST_CASE(a_lost_agent_that_stays_away_holds_nobody_up) {
  pass(62s, {"b", "c", "d"});
  for (const char* each : {"b", "c", "d"}) hear(each, sealed(0));
  BOOST_TEST(run.finished());
  BOOST_TEST(!run.record().broken.has_value());
}

BOOST_AUTO_TEST_CASE(an_agent_that_stops_by_itself_is_lost_and_its_seal_is_kept) {
  Sealed early = sealed(0);
  early.stopped_because = "its journal cannot be written";
  BOOST_TEST(told<SealAcknowledged>(hear("a", early)).size() == 1u);
  BOOST_TEST(run.record().agents[0].lost->find("its journal") != std::string::npos);
  BOOST_TEST(!wait_for_orders({"b", "c", "d"}, 10s).empty());
}

BOOST_AUTO_TEST_CASE(work_that_would_begin_after_the_plan_moves_nowhere) {
  pass(56s, all);
  note(run.on_process_ended(100, "killed", now));
  BOOST_TEST(wait_for_orders({"b", "c", "d"}, 10s).empty());
  BOOST_TEST(run.record().moved.empty());
}

BOOST_AUTO_TEST_CASE(an_interrupted_run_moves_no_work) {
  note(run.on_interrupt(now));
  note(run.on_process_ended(100, "killed", now));
  BOOST_TEST(wait_for_orders({"b", "c", "d"}, 6s).empty());
}

BOOST_AUTO_TEST_CASE(a_new_connection_of_the_same_agent_is_the_same_agent) {
  hear("a", batch(1, 5));
  const auto out = hear("a2", batch(2, 7));
  BOOST_TEST(told<BatchAcknowledged>(out) == Peers{"a2"}, boost::test_tools::per_element());
  BOOST_TEST(issued() == 12u);
  // An old connection that speaks again may be the one that lasts: the answer goes where the word
  // came from.
  BOOST_TEST(told<LeaseRenewed>(beat("a")) == Peers{"a"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_agent_that_finds_back_hears_how_much_is_kept) {
  hear("a", batch(1, 5));
  Hello again = hello_of("a");
  again.batches = 3;
  const auto out = note(run.on_message("a2", "", 'a', "run-1", again, now));
  BOOST_TEST(only<BatchAcknowledged>(out).sequence == 1u);
  BOOST_TEST(told<Prepare>(out).empty());
}

BOOST_AUTO_TEST_CASE(an_agent_of_another_run_is_turned_away_for_good) {
  const auto out = note(run.on_message("z", "", 99, "run-0", hello_of("z"), now));
  BOOST_TEST(!only<Rejected>(out).may_come_again);
}

BOOST_AUTO_TEST_CASE(a_batch_far_ahead_is_an_error_and_the_eighth_ends_it) {
  for (int i = 0; i < 7; ++i) BOOST_TEST(hear("a", batch(34, 1)).say.empty());
  BOOST_TEST(run.record().protocol_errors == 7u);
  BOOST_TEST(!run.record().agents[0].lost.has_value());
  hear("a", batch(34, 1));
  BOOST_TEST(run.record().agents[0].lost.has_value());
  BOOST_TEST(told<Rejected>(hear("a", batch(1, 1))).size() == 1u);
  BOOST_TEST(issued() == 0u);
}

BOOST_AUTO_TEST_CASE(a_stall_of_the_coordinator_excuses_silence_but_lengthens_no_lease) {
  beat("b");
  const nanoseconds lease_of_b = run.elapsed(now) + times.lease;
  note(run.on_process_ended(100, "killed", now));
  now += 10s;
  const auto out = tick();  // the lease of a has run by meanwhile
  BOOST_TEST(!told<TakeOver>(out).empty());
  for (const std::size_t each : {1u, 2u, 3u}) BOOST_TEST(!run.record().agents[each].lost);
  note(run.on_process_ended(101, "killed", now));
  BOOST_TEST((run.record().agents[1].lease_end == lease_of_b));
}

BOOST_AUTO_TEST_CASE(a_peer_that_was_heard_during_a_stall_is_not_excused_twice) {
  now += 10s;
  beat("a");
  tick();
  const Instant heard = now;
  while (!run.record().agents[0].lost && now < heard + 20s) {
    now += 100ms;
    tick();
  }
  BOOST_TEST((now - heard == times.dead_after));
}

BOOST_AUTO_TEST_CASE(everybody_is_listed_for_whoever_asks) {
  note(run.on_process_ended(100, "killed by signal 9", now));
  const auto roster = only<Roster>(note(run.on_message("z", "", 0, "", AskRoster{}, now)));
  BOOST_REQUIRE(roster.agents.size() == 4u);
  BOOST_TEST(roster.agents[0].state.find("lost: its process ended") == 0u);
  BOOST_TEST(roster.agents[1].state == "running");
  BOOST_TEST(roster.run == "run-1");
  BOOST_TEST(roster.stage == "measuring");
}

BOOST_AUTO_TEST_SUITE_END()
