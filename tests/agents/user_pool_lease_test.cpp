// The user pool without a lease, and with work that it took over from lost agents, on virtual time.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>
#include <tuple>

#include "tests/agents/user_pool_driver.hpp"

using namespace squall;
using namespace squall::agents;
using namespace squall::tests;
using actors::Ledger;
using actors::LoadRequest;
using actors::Phase;
using scenarios::AgentShare;
using scenarios::ClosedUsers;
using scenarios::Distribution;
using scenarios::LateEntry;
using scenarios::LoadPlan;
using scenarios::LoadShape;
using scenarios::OpenArrivals;
using scenarios::Scenario;
using scenarios::WhenFull;

namespace {

// Warm-up 1 s, measuring 9 s. Without thinking a user asks each 100 ms: the driver's service time.
Scenario closed(double users, double turns = 1) {
  Scenario scenario;
  ClosedUsers load;
  load.count = LoadShape::constant(users);
  load.think_time = Distribution::constant(0.4);
  load.conversations.turns = Distribution::constant(turns);
  scenario.load = load;
  scenario.phases = {1s, 9s, 1s};
  return scenario;
}

Scenario open(double rate, std::uint64_t cap = 0, WhenFull when_full = WhenFull::wait) {
  Scenario scenario = closed(0);
  OpenArrivals load;
  load.process = OpenArrivals::Process::constant;
  load.rate = LoadShape::constant(rate);
  load.max_in_flight = cap;
  load.when_full = when_full;
  scenario.load = load;
  return scenario;
}

std::shared_ptr<const LoadPlan> planned(const Scenario& scenario, AgentShare share,
                                        LateEntry entry) {
  return std::make_shared<const LoadPlan>(
      scenarios::make_load_plan(scenario, share, nullptr, entry));
}

std::size_t sent_between(const Driver& driver, nanoseconds from, nanoseconds to) {
  return static_cast<std::size_t>(
      std::count_if(driver.submitted.begin(), driver.submitted.end(), [&](const auto& request) {
        const auto at = driver.sent_at.at(request.id) - driver.start;
        return at >= from && at < to;
      }));
}

void check_ids(const Driver& driver) {
  std::set<std::uint64_t> ids;
  for (const auto& request : driver.submitted) {
    BOOST_TEST(ids.insert(request.id).second);
    BOOST_TEST(request.id < std::uint64_t{1} << 63);
  }
}

}  // namespace

// ---- without a lease

BOOST_AUTO_TEST_CASE(arrivals_that_come_due_without_a_lease_are_cancelled_and_never_made_up_for) {
  Driver driver(open(100));
  driver.pause_at(2s);
  driver.resume_at(5s);
  driver.run();
  BOOST_TEST(sent_between(driver, 0s, 2s) == 200u);
  BOOST_TEST(sent_between(driver, 2s, 5s) == 0u);
  BOOST_TEST(sent_between(driver, 5s, 10s) == 500u);
  const Ledger ledger = driver.ledger();
  BOOST_TEST(ledger.scheduled == 1000u);
  BOOST_TEST(ledger.cancelled_before_send == 300u);
  BOOST_TEST(actors::imbalances(ledger).empty());
  for (const auto& request : driver.submitted)
    BOOST_TEST((driver.sent_at.at(request.id) == request.scheduled));
}

BOOST_AUTO_TEST_CASE(what_was_in_flight_when_the_lease_ended_ends_as_it_does) {
  Driver driver(open(10));
  driver.service_time = 1500ms;
  driver.pause_at(3s);
  driver.run();
  BOOST_TEST(driver.submitted.size() == 30u);
  BOOST_TEST(driver.ledger().ok == 30u);
  BOOST_TEST(driver.ledger().cancelled_before_send == 70u);
}

BOOST_AUTO_TEST_CASE(arrivals_that_wait_for_a_place_in_flight_are_cancelled_with_the_lease) {
  Driver driver(open(100, 10));
  driver.service_time = 200ms;  // 50 a second of 100
  driver.pause_at(2s);
  driver.resume_at(4s);
  driver.run();
  BOOST_TEST(sent_between(driver, 2s, 4s) == 0u);
  const Ledger ledger = driver.ledger();
  BOOST_TEST(ledger.scheduled == 1000u);
  BOOST_TEST(ledger.cancelled_before_send == 100u + 200u);
  // Whoever came after the pause did not have to wait for those of before.
  for (const auto& request : driver.submitted)
    if (request.scheduled >= driver.start + 4s && request.scheduled < driver.start + 4100ms)
      BOOST_TEST((driver.sent_at.at(request.id) == request.scheduled));
  BOOST_TEST(driver.most_in_flight == 10u);
  BOOST_TEST(actors::imbalances(ledger).empty());
}

BOOST_AUTO_TEST_CASE(users_whose_time_comes_without_a_lease_ask_when_it_is_back) {
  Driver driver(closed(20));
  driver.pause_at(2s);
  driver.resume_at(5s);
  driver.run();
  BOOST_TEST(sent_between(driver, 2s, 5s) == 0u);
  std::set<std::uint64_t> resumed;
  for (const auto& request : driver.submitted) {
    if (request.scheduled != driver.start + 5s) continue;
    BOOST_TEST(resumed.insert(request.plan.place.who).second);
    BOOST_TEST((request.deadline == driver.start + 5s + 60s));
  }
  BOOST_TEST(resumed.size() == 20u);
  BOOST_TEST(driver.ledger().cancelled_before_send == 0u);
  BOOST_TEST(actors::imbalances(driver.ledger()).empty());
  check_ids(driver);
}

BOOST_AUTO_TEST_CASE(a_conversation_goes_on_after_the_pause_where_it_was) {
  Driver driver(closed(5, 1000));
  driver.pause_at(2050ms);
  driver.resume_at(5s);
  driver.run();
  std::map<std::uint64_t, std::uint32_t> turns;
  for (const auto& request : driver.submitted) {
    BOOST_TEST(request.plan.place.session == 0u);
    BOOST_TEST(request.plan.place.turn == turns[request.plan.place.who]++);
  }
  BOOST_TEST(turns.size() == 5u);
}

BOOST_AUTO_TEST_CASE(a_user_whose_stretch_ends_in_the_pause_goes_home_and_its_start_is_counted) {
  auto scenario = closed(0);
  std::get<ClosedUsers>(scenario.load).count =
      LoadShape({{.length = 3s, .from = 8, .to = 8}, {.from = 2, .to = 2}});
  Driver driver(scenario);
  driver.pause_at(2s);
  driver.resume_at(5s);
  driver.run();
  for (const auto& request : driver.submitted)
    if (request.scheduled >= driver.start + 2s) BOOST_TEST(request.plan.place.who < 2u);
  BOOST_TEST(driver.ledger().cancelled_before_send == 6u);
  BOOST_TEST(actors::imbalances(driver.ledger()).empty());
}

BOOST_AUTO_TEST_CASE(stretches_that_begin_without_a_lease_begin_when_it_is_back) {
  auto scenario = closed(0);
  std::get<ClosedUsers>(scenario.load).count =
      LoadShape({{.length = 3s, .from = 2, .to = 2}, {.from = 8, .to = 8}});
  Driver driver(scenario);
  driver.pause_at(2s);
  driver.resume_at(5s);
  driver.run();
  std::size_t first_of_late_users = 0;
  for (const auto& request : driver.submitted)
    if (request.plan.place.who >= 2 && request.plan.place.session == 0) {
      ++first_of_late_users;
      BOOST_TEST((request.scheduled == driver.start + 5s));
    }
  BOOST_TEST(first_of_late_users == 6u);
}

BOOST_AUTO_TEST_CASE(a_lease_ends_by_itself_at_its_instant_even_if_nobody_says_so) {
  for (const bool open_model : {true, false}) {
    Driver driver(open_model ? open(100) : closed(20));
    driver.resume_at(1s, 3s);
    driver.resume_at(2s, 4s);
    driver.resume_at(6s, 9s);
    driver.run();
    BOOST_TEST(sent_between(driver, 3s, 4s) > 0u);
    BOOST_TEST(sent_between(driver, 4s, 6s) == 0u);
    BOOST_TEST(sent_between(driver, 6s, 9s) > 0u);
    BOOST_TEST(sent_between(driver, 9s, 99s) == 0u);
    BOOST_TEST(actors::imbalances(driver.ledger()).empty());
  }
}

BOOST_AUTO_TEST_CASE(wakes_that_a_stopped_process_finds_late_do_not_outlive_its_lease) {
  // Everything due from 2 s on is delivered 5 s late, as after SIGSTOP and SIGCONT.
  Driver driver(open(100));
  driver.resume_at(0s, 4s);
  driver.pacer_lag = 5s;
  driver.run();
  BOOST_TEST(driver.submitted.empty());
  BOOST_TEST(driver.ledger().cancelled_before_send == driver.ledger().scheduled);
  BOOST_TEST(driver.ledger().scheduled == 1000u);
}

BOOST_AUTO_TEST_CASE(a_lease_that_comes_too_late_is_none) {
  Driver driver(open(100));
  driver.pause_at(2s);
  driver.resume_at(5s, 4s);
  driver.run();
  BOOST_TEST(sent_between(driver, 2s, 99s) == 0u);
}

BOOST_AUTO_TEST_CASE(pausing_and_resuming_twice_is_once) {
  for (const bool open_model : {true, false}) {
    Driver once(open_model ? open(50) : closed(7)), twice(open_model ? open(50) : closed(7));
    once.pause_at(2s), once.resume_at(5s);
    for (const auto at : {2000ms, 2100ms, 4900ms}) twice.pause_at(at);
    for (const auto at : {1000ms, 5000ms, 5000ms, 6000ms}) twice.resume_at(at);
    once.run(), twice.run();
    BOOST_TEST((once.ledger() == twice.ledger()));
  }
}

BOOST_AUTO_TEST_CASE(a_stop_without_a_lease_counts_everybody_who_waited_for_it) {
  for (const bool by_plan : {true, false}) {
    Driver driver(closed(20));
    driver.pause_at(2s);
    if (!by_plan) driver.stop_at = 4s;
    driver.resume_at(by_plan ? 11s : 5s);  // too late
    driver.run();
    BOOST_TEST(sent_between(driver, 2s, 99s) == 0u);
    BOOST_TEST(driver.ledger().cancelled_before_send == 20u);
    BOOST_TEST(actors::imbalances(driver.ledger()).empty());
  }
  Driver driver(open(100));
  driver.pause_at(2s);
  driver.stop_at = 4s;
  driver.run();
  BOOST_TEST(driver.ledger().scheduled == 400u);
  BOOST_TEST(driver.ledger().cancelled_before_send == 200u);
}

// ---- work that is taken over

BOOST_AUTO_TEST_CASE(taken_arrivals_are_those_of_the_lost_agent_from_the_entry_on) {
  const Scenario scenario = open(100);
  Driver driver(scenario, {0, 2});
  driver.add_share_at(3s, planned(scenario, {1, 2}, {4s, 0s}));
  driver.run();
  BOOST_TEST(sent_between(driver, 0s, 4s) == 200u);
  BOOST_TEST(sent_between(driver, 4s, 10s) == 600u);
  std::set<std::uint64_t> arrivals;
  for (const auto& request : driver.submitted) {
    const std::uint64_t arrival = request.plan.place.who;
    BOOST_TEST(arrivals.insert(arrival).second);
    BOOST_TEST((request.scheduled - driver.start == arrival * 10ms));
    BOOST_TEST((driver.sent_at.at(request.id) == request.scheduled));
    BOOST_TEST((arrival % 2 == 0 || arrival >= 400));
  }
  check_ids(driver);
}

BOOST_AUTO_TEST_CASE(arrivals_that_were_due_before_the_share_came_are_cancelled_not_made_up_for) {
  const Scenario scenario = open(100);
  Driver driver(scenario, {0, 2});
  driver.add_share_at(6s, planned(scenario, {1, 2}, {4s, 0s}));  // the message came late
  driver.run();
  BOOST_TEST(sent_between(driver, 4s, 6s) == 100u);
  BOOST_TEST(sent_between(driver, 6s, 10s) == 400u);
  BOOST_TEST(driver.ledger().cancelled_before_send == 100u);
  BOOST_TEST(actors::imbalances(driver.ledger()).empty());
}

BOOST_AUTO_TEST_CASE(taken_users_enter_along_the_ramp_and_open_new_sessions) {
  const Scenario scenario = closed(60);
  Driver driver(scenario, {0, 3});
  const LateEntry entry{4s, 3s};
  driver.add_share_at(3s, planned(scenario, {1, 3}, entry));
  driver.run();
  std::map<std::uint64_t, const LoadRequest*> first;
  for (const auto& request : driver.submitted) {
    const auto& place = request.plan.place;
    BOOST_TEST(place.who % 3 < 2u);
    if (place.who % 3 == 1) {
      BOOST_TEST(place.session >= scenarios::first_session(entry));
      first.try_emplace(place.who, &request);
    } else {
      BOOST_TEST(place.session < 100u);
    }
  }
  BOOST_TEST(first.size() == 20u);
  for (const auto& [user, request] : first) {
    BOOST_TEST((request->scheduled == driver.start + entry_of_user(entry, scenario.seed, user)));
    BOOST_TEST(request->plan.place.session == scenarios::first_session(entry));
  }
  check_ids(driver);
}

BOOST_AUTO_TEST_CASE(users_of_a_share_that_comes_late_begin_when_it_comes) {
  const Scenario scenario = closed(20);
  Driver driver(scenario, {0, 2});
  driver.add_share_at(6s, planned(scenario, {1, 2}, {4s, 1s}));
  driver.run();
  std::set<std::uint64_t> begun;
  for (const auto& request : driver.submitted)
    if (request.plan.place.who % 2 == 1 && begun.insert(request.plan.place.who).second)
      BOOST_TEST((request.scheduled == driver.start + 6s));
  BOOST_TEST(begun.size() == 10u);
}

BOOST_AUTO_TEST_CASE(an_agent_without_work_of_its_own_can_take_some_over) {
  const Scenario users = closed(2), arrivals = open(0.1);
  Driver idle(users, {5, 8});
  idle.add_share_at(2s, planned(users, AgentShare{1, 8}, {3s, 0s}));
  idle.run();
  BOOST_TEST(idle.submitted.size() > 5u);
  Driver quiet(arrivals, {5, 8});
  BOOST_TEST(quiet.planned_arrivals() == 0u);
  const Scenario busy = open(100);
  Driver other(busy, {5, 8});
  other.add_share_at(1s, planned(busy, {1, 8}, {2s, 0s}));
  other.run();
  BOOST_TEST(sent_between(other, 2s, 10s) == 200u);
}

BOOST_AUTO_TEST_CASE(the_limit_in_flight_grows_with_the_work_that_is_taken_over) {
  const Scenario scenario = open(1000, 20);
  Driver driver(scenario, {0, 4});
  driver.service_time = 1s;
  driver.stop_at = 3s;
  driver.add_share_at(1s, planned(scenario, {1, 4}, {4s, 0s}));
  driver.run();
  BOOST_TEST(driver.most_in_flight == 5u);  // before the entry nothing grows
  Driver longer(scenario, {0, 4});
  longer.service_time = 1s;
  // A quarter, and a piece so small that it alone could start nothing.
  const auto quarter = planned(scenario, {1, 4}, {4s, 0s});
  const auto small = planned(scenario, AgentShare{2, 4}.piece(5, 7), {4s, 0s});
  longer.add_share_at(1s, quarter);
  longer.add_share_at(2s, small);
  longer.run();
  BOOST_TEST(longer.most_in_flight == 10u);
  BOOST_TEST(sent_between(longer, 0s, 4s) == 20u);
  BOOST_TEST(sent_between(longer, 4s, 9s) == 50u);
  const Ledger ledger = longer.ledger();
  BOOST_TEST(actors::imbalances(ledger).empty());
  BOOST_TEST(ledger.scheduled == longer.planned_arrivals() + quarter->arrivals + small->arrivals);
}

BOOST_AUTO_TEST_CASE(a_share_that_comes_after_the_stop_is_counted_and_not_started) {
  const Scenario arrivals = open(100), users = closed(20);
  Driver driver(arrivals, {0, 2});
  driver.stop_at = 5s;
  driver.service_time = 1s;
  driver.add_share_at(5500ms, planned(arrivals, {1, 2}, {4s, 0s}));
  driver.run();
  BOOST_TEST(driver.submitted.size() == 250u);
  BOOST_TEST(driver.ledger().cancelled_before_send == 50u);
  Driver people(users, {0, 2});
  people.stop_at = 5s;
  people.add_share_at(5050ms, planned(users, {1, 2}, {4s, 0s}));
  people.add_share_at(5060ms, planned(users, {1, 2}, {6s, 0s}));  // not due before the stop
  people.run();
  for (const auto& request : people.submitted) BOOST_TEST(request.plan.place.who % 2 == 0u);
  BOOST_TEST(people.ledger().cancelled_before_send == 10u);
}

BOOST_AUTO_TEST_CASE(a_share_that_comes_without_a_lease_waits_for_it_too) {
  const Scenario scenario = closed(20);
  Driver driver(scenario, {0, 2});
  driver.pause_at(2s);
  driver.add_share_at(3s, planned(scenario, {1, 2}, {4s, 0s}));
  driver.resume_at(5s);
  driver.run();
  BOOST_TEST(sent_between(driver, 2s, 5s) == 0u);
  std::set<std::uint64_t> users;
  for (const auto& request : driver.submitted)
    if (request.scheduled == driver.start + 5s) users.insert(request.plan.place.who);
  BOOST_TEST(users.size() == 20u);
}

BOOST_AUTO_TEST_CASE(survivors_make_the_whole_plan_from_the_end_of_the_ramp_on) {
  for (const bool open_model : {true, false}) {
    const Scenario scenario = open_model ? open(200) : closed(60);
    const AgentShare lost{1, 5, 3};
    const LateEntry entry{4s, 2s};
    std::set<std::uint64_t> who, alone;
    std::size_t sent = 0;
    for (const std::uint32_t part : {0u, 1u}) {
      Driver driver(scenario, part == 0 ? AgentShare{0, 5} : AgentShare{4, 5});
      driver.add_share_at(3s, planned(scenario, lost.piece(part, 2), entry));
      driver.run();
      for (const auto& request : driver.submitted) {
        if (request.scheduled < driver.start + 7s) continue;
        who.insert(request.plan.place.who);
        ++sent;
      }
      check_ids(driver);
    }
    Driver whole(scenario);
    whole.run();
    for (const auto& request : whole.submitted)
      if (request.scheduled >= whole.start + 7s) alone.insert(request.plan.place.who);
    BOOST_TEST((who == alone));
    const std::size_t expected = sent_between(whole, 7s, 10s);
    if (open_model) BOOST_TEST(sent == expected);
    // Users begin at other instants: each may ask once more or less.
    BOOST_TEST(sent + 60 >= expected);
    BOOST_TEST(sent <= expected + 60);
  }
}

BOOST_AUTO_TEST_CASE(many_shares_taken_one_after_another_stay_apart) {
  const Scenario scenario = closed(200);
  Driver driver(scenario, {0, 20});
  for (std::uint32_t i = 1; i < 20; ++i) {
    const nanoseconds at = 100ms * i;
    driver.add_share_at(at, planned(scenario, {i, 20}, {at + 50ms, 100ms}));
  }
  driver.run();
  std::map<std::uint64_t, nanoseconds> last;
  for (const auto& request : driver.submitted) {
    const auto at = request.scheduled - driver.start;
    // Whoever answers for it: a user never has two requests open.
    if (const auto before = last.find(request.plan.place.who); before != last.end())
      BOOST_TEST((at - before->second >= driver.service_time));
    last[request.plan.place.who] = at;
  }
  BOOST_TEST(last.size() == 200u);
  check_ids(driver);
}

// ---- everything at once

BOOST_AUTO_TEST_CASE(the_ledger_balances_for_any_pauses_and_shares) {
  scenarios::Random random(20240712);
  const auto within = [&](std::int64_t milliseconds) {
    return nanoseconds(1ms) *
           static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(milliseconds));
  };
  for (int round = 0; round < 300; ++round) {
    const bool open_model = random.uniform() < 0.5;
    Scenario scenario = open_model ? open(1 + 300 * random.uniform(), random.next() % 30,
                                          random.next() % 2 == 0 ? WhenFull::wait : WhenFull::drop)
                                   : closed(0, 1 + static_cast<double>(random.next() % 4));
    scenario.seed = random.next();
    if (!open_model) {
      auto& load = std::get<ClosedUsers>(scenario.load);
      load.count = LoadShape({{.length = 2s, .from = 0, .to = 30 * random.uniform()},
                              {.length = 2s, .from = 3, .to = 1},
                              {.from = 20, .to = 20}});
      load.think_time = Distribution::constant(random.uniform());
    }
    const auto agents = static_cast<std::uint32_t>(2 + random.next() % 3);
    Driver driver(scenario, {0, agents});
    driver.service_time = within(2000);
    driver.pacer_lag = within(3) * 40;
    driver.notice_delay = within(3) * 7;
    if (random.next() % 3 == 0) driver.stop_at = within(10'000);
    std::uint64_t most = driver.planned_arrivals();
    for (std::uint64_t i = random.next() % 4; i > 0; --i) {
      driver.pause_at(within(10'000));
      driver.resume_at(within(12'000), within(14'000));
    }
    for (std::uint32_t i = 1; i < agents; ++i) {
      const auto plan = planned(scenario, {i, agents}, {within(11'000), within(4'000)});
      most += plan->arrivals;
      driver.add_share_at(within(12'000), plan);
    }
    driver.run();
    const Ledger ledger = driver.ledger();
    BOOST_TEST_CONTEXT("round " << round) {
      BOOST_TEST(actors::imbalances(ledger).empty());
      BOOST_TEST(ledger.issued == driver.submitted.size());
      BOOST_TEST(driver.pool().in_flight() == 0u);
      if (open_model) BOOST_TEST(ledger.scheduled <= most);
      if (open_model && !driver.stop_at) BOOST_TEST(ledger.scheduled == most);
      check_ids(driver);
    }
  }
}
