// The user pool on virtual time: a driver stands in for pacer and target, both exact.

#include "agents/load/user_pool.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "actors/metrics/metrics_recorder.hpp"
#include "tests/agents/user_pool_driver.hpp"

using namespace squall;
using namespace squall::agents;
using namespace squall::tests;
using actors::CountedStart;
using actors::Ledger;
using actors::Phase;
using scenarios::ClosedUsers;
using scenarios::Distribution;
using scenarios::LoadShape;
using scenarios::OpenArrivals;
using scenarios::Speaker;
using scenarios::WhenFull;
using namespace std::chrono_literals;

namespace {

scenarios::Scenario closed(double users) {
  scenarios::Scenario scenario;
  ClosedUsers load;
  load.count = LoadShape::constant(users);
  load.think_time = Distribution::constant(0.5);
  scenario.load = load;
  scenario.phases = {1s, 4s, 1s};
  scenario.target.timeout = 7s;
  return scenario;
}

scenarios::Scenario conversing(double turns) {
  auto scenario = closed(3);
  auto& load = std::get<ClosedUsers>(scenario.load);
  load.conversations.turns = Distribution::constant(turns);
  load.conversations.pause = Distribution::constant(2);
  return scenario;
}

scenarios::Scenario open(double rate, std::uint64_t cap = 0, WhenFull when_full = WhenFull::wait) {
  auto scenario = closed(0);
  OpenArrivals load;
  load.process = OpenArrivals::Process::constant;
  load.rate = LoadShape::constant(rate);
  load.max_in_flight = cap;
  load.when_full = when_full;
  scenario.load = load;
  return scenario;
}

const std::string& words(const scenarios::PromptPart& part) {
  return std::get<std::string>(part.text);
}

}  // namespace

// ---- closed model

BOOST_AUTO_TEST_CASE(a_request_belongs_to_the_phase_of_its_intended_start) {
  Driver driver(closed(2));
  driver.run();
  for (const auto& request : driver.submitted) {
    const bool early = request.scheduled < driver.start + 1s;
    BOOST_TEST((request.phase == (early ? Phase::warm_up : Phase::measure)));
  }
}

BOOST_AUTO_TEST_CASE(a_user_thinks_after_each_answer_and_stops_with_the_load) {
  Driver driver(closed(1));
  driver.service_time = 250ms;
  driver.run();
  BOOST_REQUIRE(driver.submitted.size() == 7u);  // one each 750 ms, before 5 s
  for (std::size_t i = 0; i < driver.submitted.size(); ++i)
    BOOST_TEST((driver.submitted[i].scheduled == driver.start + i * 750ms));
}

BOOST_AUTO_TEST_CASE(a_user_that_does_not_think_asks_at_the_end_of_its_answer) {
  auto scenario = closed(1);
  std::get<ClosedUsers>(scenario.load).think_time = Distribution::constant(0);
  Driver driver(scenario);
  driver.notice_delay = 3ms;  // the agent hears of an end so much later
  driver.run();
  for (std::size_t i = 1; i < driver.submitted.size(); ++i)
    BOOST_TEST((driver.submitted[i].scheduled == driver.ends[i - 1]));
}

BOOST_AUTO_TEST_CASE(timeouts_count_from_the_intended_start) {
  Driver driver(closed(1));
  driver.run();
  for (const auto& request : driver.submitted)
    BOOST_TEST((request.deadline == request.scheduled + 7s));
}

BOOST_AUTO_TEST_CASE(request_ids_are_unique_within_an_agent_and_leave_the_top_bit_free) {
  for (const auto& scenario : {closed(50), open(200)}) {
    Driver driver(scenario);
    driver.run();
    std::set<std::uint64_t> ids;
    for (const auto& request : driver.submitted) {
      BOOST_TEST(ids.insert(request.id).second);
      BOOST_TEST(request.id < std::uint64_t{1} << 63);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_shares_of_several_agents_ask_what_one_agent_asks) {
  const auto asked = [](std::uint32_t agents, const scenarios::Scenario& scenario) {
    std::multiset<std::tuple<std::int64_t, std::uint64_t, std::uint32_t>> all;
    for (std::uint32_t i = 0; i < agents; ++i) {
      Driver driver(scenario, {i, agents});
      driver.run();
      for (const auto& request : driver.submitted)
        all.emplace((request.scheduled - driver.start).count(), request.plan.place.who,
                    request.plan.place.session);
    }
    return all;
  };
  for (const auto& scenario : {closed(13), open(50)}) {
    const auto alone = asked(1, scenario);
    BOOST_TEST(!alone.empty());
    for (const std::uint32_t agents : {2u, 3u, 7u}) BOOST_TEST((asked(agents, scenario) == alone));
  }
}

BOOST_AUTO_TEST_CASE(a_load_that_falls_and_rises_sends_users_home_and_back) {
  auto scenario = closed(0);
  std::get<ClosedUsers>(scenario.load).count = LoadShape({{.length = 1s, .from = 8, .to = 8},
                                                          {.length = 2s, .from = 2, .to = 2},
                                                          {.from = 8, .to = 8}});
  Driver driver(scenario);
  driver.run();
  std::map<std::uint64_t, std::set<std::uint64_t>> sessions;
  std::size_t in_the_valley = 0;
  for (const auto& request : driver.submitted) {
    const auto at = request.scheduled - driver.start;
    if (at >= 1s && at < 3s) {
      ++in_the_valley;
      BOOST_TEST(request.plan.place.who < 2u);
    }
    BOOST_TEST(sessions[request.plan.place.who].insert(request.plan.place.session).second);
  }
  BOOST_TEST(in_the_valley > 4u);
  BOOST_TEST(sessions.size() == 8u);
  BOOST_TEST(std::any_of(driver.submitted.begin(), driver.submitted.end(), [&](const auto& each) {
    return each.plan.place.who == 7 && each.scheduled >= driver.start + 3s;
  }));
}

BOOST_AUTO_TEST_CASE(a_user_still_waiting_when_its_next_stretch_begins_goes_on_from_its_answer) {
  auto scenario = closed(0);
  auto& load = std::get<ClosedUsers>(scenario.load);
  load.think_time = Distribution::constant(0.1);
  load.count = LoadShape({{.length = 1s, .from = 1, .to = 1},
                          {.length = 1s, .from = 0, .to = 0},
                          {.from = 1, .to = 1}});
  Driver driver(scenario);
  driver.service_time = 2500ms;
  driver.run();
  BOOST_REQUIRE(driver.submitted.size() == 2u);
  BOOST_TEST((driver.submitted[1].scheduled == driver.start + 2600ms));
}

BOOST_AUTO_TEST_CASE(a_wake_later_than_the_next_stretchs_beginning_starts_one_request_not_two) {
  auto scenario = closed(0);
  std::get<ClosedUsers>(scenario.load).count = LoadShape({{.length = 1s, .from = 1, .to = 1},
                                                          {.length = 1s, .from = 0, .to = 0},
                                                          {.from = 1, .to = 1}});
  const auto plan =
      std::make_shared<const scenarios::LoadPlan>(scenarios::make_load_plan(scenario, {}));
  const Instant start{1h};
  UserPool pool(std::make_shared<const scenarios::Scenario>(scenario), plan, start,
                [](const auto&) { return scenarios::Prompt{}; });
  const auto first = pool.first_wakes();
  const auto begins = first->next().value(), begins_again = first->next().value();
  LoadOrders orders;
  pool.on_wake({begins.arrival, start}, start, orders);
  actors::RequestTimeline timeline;
  timeline.request = orders.submit.at(0).id;
  timeline.ended = start + 300ms;
  timeline.outcome = actors::Completed{};
  pool.on_ended(timeline, timeline.ended, orders);
  const auto thinks_until = orders.wakes.at(0);
  orders.clear();
  pool.on_wake({begins_again.arrival, start + 2s}, start + 2s, orders);
  BOOST_TEST(orders.submit.empty());
  pool.on_wake({thinks_until.item, thinks_until.instant}, start + 2s, orders);
  BOOST_TEST(orders.submit.size() == 1u);
  BOOST_TEST(orders.counted.size() == 1u);
}

// ---- conversations

BOOST_AUTO_TEST_CASE(each_turn_carries_the_real_answers_so_far) {
  Driver driver(conversing(3));
  driver.run();
  std::map<std::uint64_t, std::vector<scenarios::PromptPart>> said;
  std::size_t later_turns = 0;
  for (const auto& request : driver.submitted) {
    const auto& place = request.plan.place;
    auto& so_far = said[place.who];
    if (place.turn == 0) so_far.clear();
    if (place.turn > 0) ++later_turns;
    BOOST_REQUIRE(request.prompt.parts.size() == so_far.size() + 1);
    BOOST_TEST((std::equal(so_far.begin(), so_far.end(), request.prompt.parts.begin())));
    BOOST_TEST(words(request.prompt.parts.back()) == Driver::question(place));
    BOOST_TEST(request.keep_answer == (place.turn < 2));
    so_far = request.prompt.parts;
    so_far.push_back({Speaker::assistant, Driver::answer(request.id)});
  }
  BOOST_TEST(later_turns > 5u);
}

BOOST_AUTO_TEST_CASE(a_session_ends_with_its_last_turn_or_with_a_turn_that_failed) {
  Driver driver(conversing(3));
  driver.fails = [](const actors::LoadRequest& request) {
    return request.plan.place.session == 0 && request.plan.place.turn == 1;
  };
  driver.run();
  std::map<std::uint64_t, scenarios::RequestPlace> before;
  for (const auto& request : driver.submitted) {
    const auto place = request.plan.place;
    if (const auto last = before.find(place.who); last != before.end()) {
      const auto& previous = last->second;
      const bool ended = previous.turn == 2 || (previous.session == 0 && previous.turn == 1);
      BOOST_TEST(place.session == previous.session + (ended ? 1 : 0));
      BOOST_TEST(place.turn == (ended ? 0 : previous.turn + 1));
    }
    before[place.who] = place;
  }
  BOOST_TEST(before.size() == 3u);
}

BOOST_AUTO_TEST_CASE(sampled_requests_are_asked_greedily_and_their_answers_kept) {
  auto scenario = closed(10);
  scenario.accuracy.sample = 0.3;
  Driver driver(scenario);
  driver.run();
  std::size_t sampled = 0;
  for (const auto& request : driver.submitted) {
    BOOST_TEST(request.greedy == request.plan.check_accuracy);
    BOOST_TEST(request.keep_answer == request.plan.check_accuracy);
    if (request.greedy) ++sampled;
  }
  BOOST_TEST(sampled > 0u);
  BOOST_TEST(sampled < driver.submitted.size());
}

// ---- open model

BOOST_AUTO_TEST_CASE(arrivals_start_when_they_are_planned_whatever_is_in_flight) {
  Driver driver(open(100));
  driver.service_time = 30s;
  driver.run();
  BOOST_TEST(driver.submitted.size() == 500u);
  BOOST_TEST(driver.most_in_flight == 500u);
}

BOOST_AUTO_TEST_CASE(at_the_cap_arrivals_wait_in_turn_and_what_never_got_its_turn_is_counted) {
  Driver driver(open(100, 10));
  driver.service_time = 200ms;  // ten in flight: 50 requests a second of 100
  driver.run();
  BOOST_TEST(driver.most_in_flight == 10u);
  const auto earlier = [](const auto& a, const auto& b) { return a.scheduled < b.scheduled; };
  BOOST_TEST(std::is_sorted(driver.submitted.begin(), driver.submitted.end(), earlier));
  const Ledger ledger = driver.ledger();
  BOOST_TEST(ledger.scheduled == 500u);
  BOOST_TEST(ledger.issued == 250u);
  BOOST_TEST(ledger.dropped_late == 250u);
  BOOST_TEST(actors::imbalances(ledger).empty());
}

BOOST_AUTO_TEST_CASE(at_the_cap_arrivals_are_dropped_and_counted_where_the_scenario_says_so) {
  Driver driver(open(100, 10, WhenFull::drop));
  driver.service_time = 200ms;
  driver.run();
  BOOST_TEST(driver.most_in_flight == 10u);
  const Ledger ledger = driver.ledger();
  BOOST_TEST(ledger.scheduled == 500u);
  BOOST_TEST(ledger.dropped_late > 200u);
  BOOST_TEST(actors::imbalances(ledger).empty());
  for (const auto& request : driver.submitted)  // what was sent was sent in time
    BOOST_TEST((driver.sent_at.at(request.id) == request.scheduled));
}

BOOST_AUTO_TEST_CASE(the_cap_is_shared_out_exactly) {
  for (const std::uint64_t cap : {1u, 7u, 64u, 1000u}) {
    for (const std::uint32_t agents : {1u, 2u, 3u, 7u, 64u}) {
      std::uint64_t sum = 0;
      for (std::uint32_t i = 0; i < agents; ++i)
        sum += in_flight_limit(open(1, cap).load, {i, agents}).most.value();
      BOOST_TEST(sum == cap);
    }
  }
  // Of agents that weigh 1, 4, 2 and 7; and of the pieces into which one of them is cut.
  for (const std::uint64_t cap : {1u, 7u, 13u, 64u, 1000u}) {
    const auto most = [&](scenarios::AgentShare share) {
      return in_flight_limit(open(1, cap).load, share).most.value();
    };
    const scenarios::AgentShare lost{1, 14, 4};
    BOOST_TEST(most({0, 14, 1}) + most(lost) + most({5, 14, 2}) + most({7, 14, 7}) == cap);
    for (const std::uint32_t parts : {1u, 2u, 5u, 100u}) {
      std::uint64_t sum = 0;
      for (std::uint32_t part = 0; part < parts; ++part) sum += most(lost.piece(part, parts));
      BOOST_TEST(sum == most(lost));
    }
  }
  BOOST_TEST(!in_flight_limit(open(1, 0).load, {0, 3}).most.has_value());
  BOOST_TEST(!in_flight_limit(closed(5).load, {0, 3}).most.has_value());
}

BOOST_AUTO_TEST_CASE(a_trace_is_replayed_at_its_planned_instants) {
  auto trace = std::make_shared<scenarios::Trace>();
  for (std::uint32_t i = 0; i < 100; ++i)
    trace->entries.push_back({.at = i * i * 1ms, .prompt_tokens = 10 + i, .answer_tokens = 5 + i});
  auto scenario = closed(0);
  scenarios::TraceReplay replay;
  replay.time_scale = 10;
  scenario.load = replay;
  Driver driver(scenario, {}, trace);
  driver.run();
  BOOST_REQUIRE(driver.submitted.size() == 100u);
  for (std::uint32_t i = 0; i < 100; ++i) {
    const auto& request = driver.submitted[i];
    BOOST_TEST((request.scheduled == driver.start + i * i * 100us));
    BOOST_TEST(request.plan.prompt_tokens == 10 + i);
    BOOST_TEST(request.plan.answer_tokens == 5 + i);
  }
}

// ---- the end

BOOST_AUTO_TEST_CASE(after_an_early_stop_nothing_is_sent_and_what_came_due_is_counted) {
  Driver driver(open(100));
  driver.stop_at = 2s;
  driver.pacer_lag = 55ms;  // five wakes were due and not delivered when the stop came
  driver.run();
  const Ledger ledger = driver.ledger();
  BOOST_TEST(ledger.scheduled == 200u);
  BOOST_TEST(ledger.cancelled_before_send == 5u);
  BOOST_TEST(actors::imbalances(ledger).empty());
}

BOOST_AUTO_TEST_CASE(at_the_planned_end_a_late_pacers_last_wakes_are_still_sent) {
  Driver driver(open(100));
  driver.pacer_lag = 55ms;
  driver.run();
  BOOST_TEST(driver.submitted.size() == 500u);
  BOOST_TEST(driver.ledger().scheduled == 500u);
}

BOOST_AUTO_TEST_CASE(the_ledger_balances_for_any_load_cap_and_stop) {
  scenarios::Random random(20240711);
  for (int round = 0; round < 300; ++round) {
    const bool open_model = random.uniform() < 0.6;
    auto scenario = open_model ? open(1 + 300 * random.uniform(), random.next() % 20,
                                      random.next() % 2 == 0 ? WhenFull::wait : WhenFull::drop)
                               : conversing(1 + static_cast<double>(random.next() % 4));
    scenario.seed = random.next();
    if (open_model) {
      auto& load = std::get<OpenArrivals>(scenario.load);
      if (random.next() % 2 == 0) load.process = OpenArrivals::Process::poisson;
      load.rate = LoadShape(
          {{.length = 2s, .from = 200 * random.uniform(), .to = 5}, {.from = 50, .to = 50}});
    } else {
      auto& load = std::get<ClosedUsers>(scenario.load);
      load.count = LoadShape({{.length = 1s, .from = 0, .to = 30 * random.uniform()},
                              {.length = 1s, .from = 3, .to = 1},
                              {.from = 10, .to = 10}});
      load.think_time = Distribution::constant(random.uniform());
    }
    const std::uint32_t agents = 1 + static_cast<std::uint32_t>(random.next() % 3);
    Driver driver(scenario, {static_cast<std::uint32_t>(random.next() % agents), agents});
    driver.service_time = std::chrono::milliseconds(random.next() % 2000);
    driver.pacer_lag = std::chrono::milliseconds(random.next() % 3 * 40);
    driver.notice_delay = std::chrono::milliseconds(random.next() % 3 * 7);
    if (random.next() % 3 == 0) driver.stop_at = std::chrono::milliseconds(random.next() % 5000);
    const double failing = random.uniform();
    driver.fails = [&](const actors::LoadRequest& request) {
      return static_cast<double>(request.plan.prompt_seed % 100) < 50 * failing;
    };
    driver.run();
    const Ledger ledger = driver.ledger();
    BOOST_TEST_CONTEXT("round " << round) {
      BOOST_TEST(actors::imbalances(ledger).empty());
      BOOST_TEST(ledger.issued == driver.submitted.size());
      BOOST_TEST(driver.pool().in_flight() == 0u);
      if (open_model && !driver.stop_at) BOOST_TEST(ledger.scheduled == driver.planned_arrivals());
    }
  }
}
