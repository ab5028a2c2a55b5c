// scenarios/load/load_plan: what one request asks, by its place in sessions, categories and traces.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <set>

#include "scenarios/load/load_plan.hpp"

using namespace squall::scenarios;
using namespace std::chrono_literals;

namespace {

using Shape = Distribution::Shape;

Scenario conversations(Distribution turns) {
  Scenario scenario;
  ClosedUsers load;
  load.think_time = Distribution::constant(2);
  load.conversations.turns = std::move(turns);
  load.conversations.pause = Distribution::constant(7);
  scenario.load = load;
  scenario.categories.front().prompts = SyntheticPrompts{{Shape::lognormal, 64, 32, 8, 256, {}}};
  return scenario;
}

// The turns of a session, told by where its last one is.
std::uint32_t turns_of(const Scenario& scenario, std::uint64_t user, std::uint32_t session) {
  std::uint32_t turn = 0;
  while (!plan_request(scenario, {user, session, turn}).last_turn) ++turn;
  return turn + 1;
}

Category category(const char* name, double weight, double tokens) {
  Category result;
  result.name = name;
  result.weight = weight;
  result.prompts = SyntheticPrompts{Distribution::constant(tokens)};
  result.answer_tokens = Distribution::constant(tokens + 1);
  return result;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_session_has_as_many_turns_as_its_distribution_says) {
  const Scenario three = conversations(Distribution::constant(3));
  BOOST_TEST(turns_of(three, 0, 0) == 3u);
  BOOST_TEST(turns_of(three, 12, 5) == 3u);
  BOOST_TEST(plan_request(three, {0, 0, 99}).last_turn);

  const Scenario some = conversations({Shape::uniform, 0, 0, 2, 5, {}});
  std::map<std::uint32_t, int> counts;
  for (std::uint64_t user = 0; user < 100; ++user) {
    for (std::uint32_t session = 0; session < 40; ++session) {
      ++counts[turns_of(some, user, session)];
    }
  }
  BOOST_TEST(counts.size() == 4u);
  for (const auto& [turns, count] : counts) {
    BOOST_TEST(std::abs(count - 1000) < 5 * 27, turns << " turns: " << count);
  }
}

BOOST_AUTO_TEST_CASE(a_user_thinks_between_turns_and_pauses_between_sessions) {
  const Scenario scenario = conversations(Distribution::constant(3));
  BOOST_TEST((plan_request(scenario, {4, 1, 0}).think_time == 2s));
  BOOST_TEST((plan_request(scenario, {4, 1, 1}).think_time == 2s));
  BOOST_TEST((plan_request(scenario, {4, 1, 2}).think_time == 9s));
}

BOOST_AUTO_TEST_CASE(a_lone_request_is_a_session_of_one_turn) {
  Scenario scenario = conversations(Distribution::constant(1));
  BOOST_TEST(plan_request(scenario, {0, 0, 0}).last_turn);
  scenario.load = OpenArrivals{};
  const RequestPlan arrival = plan_request(scenario, {17, 0, 0});
  BOOST_TEST(arrival.last_turn);
  BOOST_TEST((arrival.think_time == 0s));
}

BOOST_AUTO_TEST_CASE(turns_of_a_session_share_its_seed_and_ask_different_things) {
  const Scenario scenario = conversations(Distribution::constant(5));
  std::set<std::uint64_t> sessions, prompts, samplings;
  for (std::uint64_t user = 0; user < 10; ++user) {
    for (std::uint32_t session = 0; session < 10; ++session) {
      const RequestPlan first = plan_request(scenario, {user, session, 0});
      BOOST_TEST(first.prompt_seed == first.session_seed);
      sessions.insert(first.session_seed);
      for (std::uint32_t turn = 0; turn < 5; ++turn) {
        const RequestPlan plan = plan_request(scenario, {user, session, turn});
        BOOST_TEST(plan.session_seed == first.session_seed);
        BOOST_TEST((plan.place == RequestPlace{user, session, turn}));
        prompts.insert(plan.prompt_seed);
        samplings.insert(plan.sampling_seed);
      }
    }
  }
  BOOST_TEST(sessions.size() == 100u);
  BOOST_TEST(prompts.size() == 500u);
  BOOST_TEST(samplings.size() == 500u);
}

BOOST_AUTO_TEST_CASE(categories_come_as_often_as_their_weights_say_and_bring_their_lengths) {
  Scenario scenario = conversations(Distribution::constant(4));
  scenario.categories = {category("short", 7, 10), category("long", 2, 500),
                         category("rare", 1, 90)};
  std::map<std::uint32_t, int> counts;
  for (std::uint64_t user = 0; user < 10'000; ++user) {
    const RequestPlan plan = plan_request(scenario, {user, 0, 0});
    ++counts[plan.category];
    const Category& own = scenario.categories[plan.category];
    const double tokens = std::get<SyntheticPrompts>(own.prompts).tokens.mean;
    BOOST_REQUIRE(plan.prompt_tokens == tokens);
    BOOST_REQUIRE(plan.answer_tokens == tokens + 1);
    // A session stays in its category.
    BOOST_REQUIRE(plan_request(scenario, {user, 0, 3}).category == plan.category);
  }
  BOOST_TEST(std::abs(counts[0] - 7000) < 5 * 46);
  BOOST_TEST(std::abs(counts[1] - 2000) < 5 * 40);
  BOOST_TEST(std::abs(counts[2] - 1000) < 5 * 30);
}

BOOST_AUTO_TEST_CASE(prompts_of_a_group_share_a_prefix_of_one_length) {
  Scenario scenario = conversations(Distribution::constant(2));
  Category& only = scenario.categories.front();
  only.prompts = SyntheticPrompts{Distribution::constant(200)};
  only.prefixes = {8, 2, {Shape::uniform, 0, 0, 20, 120, {}}};
  std::map<std::uint32_t, std::set<std::uint32_t>> lengths;
  std::map<std::uint32_t, int> counts;
  for (std::uint64_t user = 0; user < 4000; ++user) {
    const RequestPlan first = plan_request(scenario, {user, 0, 0});
    BOOST_REQUIRE(first.prefix_group < 8);
    BOOST_REQUIRE(first.prefix_tokens >= 20);
    BOOST_REQUIRE(first.prefix_tokens <= 120);
    lengths[first.prefix_group].insert(first.prefix_tokens);
    ++counts[first.prefix_group];
    const RequestPlan second = plan_request(scenario, {user, 0, 1});
    BOOST_REQUIRE(second.prefix_group == first.prefix_group);
    BOOST_REQUIRE(second.prefix_tokens == 0u);  // it is in the history already
  }
  BOOST_TEST(lengths.size() == 8u);
  std::set<std::uint32_t> different;
  for (const auto& [group, seen] : lengths) {
    BOOST_TEST(seen.size() == 1u);
    different.insert(*seen.begin());
    BOOST_TEST(std::abs(counts[group] - 500) < 5 * 21);
  }
  BOOST_TEST(different.size() > 4u);
}

BOOST_AUTO_TEST_CASE(a_prefix_leaves_at_least_one_token_of_ones_own) {
  Scenario scenario = conversations(Distribution::constant(1));
  Category& only = scenario.categories.front();
  only.prompts = SyntheticPrompts{{Shape::uniform, 0, 0, 1, 40, {}}};
  only.prefixes = {3, 1, Distribution::constant(30)};
  for (std::uint64_t user = 0; user < 500; ++user) {
    const RequestPlan plan = plan_request(scenario, {user, 0, 0});
    BOOST_REQUIRE(plan.prefix_tokens < plan.prompt_tokens);
    BOOST_REQUIRE(plan.prefix_tokens == std::min(30u, plan.prompt_tokens - 1));
  }
}

BOOST_AUTO_TEST_CASE(a_trace_says_the_lengths) {
  Scenario scenario = conversations(Distribution::constant(1));
  scenario.load = TraceReplay{};
  Trace trace;
  trace.entries = {{0s, 100, 20, 0, 0}, {1s, 0, 0, 0, 0}, {2s, 1024, 7, 0, 2}};
  trace.blocks = {1, 2};
  scenario.categories.front().prefixes = {2, 1, Distribution::constant(16)};
  const RequestPlan first = plan_request(scenario, {0, 0, 0}, &trace);
  BOOST_TEST(first.prompt_tokens == 100u);
  BOOST_TEST(first.answer_tokens == 20u);
  BOOST_TEST(first.prefix_tokens == 16u);
  const RequestPlan empty = plan_request(scenario, {1, 0, 0}, &trace);
  BOOST_TEST(empty.prompt_tokens == 1u);
  BOOST_TEST(empty.answer_tokens == 1u);
  // The blocks of a trace say themselves what is shared.
  const RequestPlan blocks = plan_request(scenario, {2, 0, 0}, &trace);
  BOOST_TEST(blocks.prompt_tokens == 1024u);
  BOOST_TEST(blocks.prefix_tokens == 0u);
}

BOOST_AUTO_TEST_CASE(the_accuracy_check_takes_its_share_of_the_requests) {
  Scenario scenario = conversations(Distribution::constant(1));
  for (const double sample : {0.0, 0.02, 1.0}) {
    scenario.accuracy.sample = sample;
    int taken = 0;
    for (std::uint64_t user = 0; user < 20'000; ++user) {
      taken += plan_request(scenario, {user, 3, 0}).check_accuracy ? 1 : 0;
    }
    const double error = std::sqrt(20'000 * sample * (1 - sample));
    BOOST_TEST(std::abs(taken - 20'000 * sample) <= 5 * error);
  }
}

BOOST_AUTO_TEST_CASE(one_choice_does_not_move_the_others) {
  const Scenario base = conversations(Distribution::constant(3));
  const RequestPlan before = plan_request(base, {3, 1, 2});
  Scenario changed = base;
  changed.accuracy.sample = 0.5;
  changed.categories.front().prefixes = {4, 1, Distribution::constant(4)};
  changed.categories.push_back(changed.categories.front());
  std::get<ClosedUsers>(changed.load).conversations.turns = Distribution::constant(9);
  const RequestPlan after = plan_request(changed, {3, 1, 2});
  BOOST_TEST(after.prompt_seed == before.prompt_seed);
  BOOST_TEST(after.prompt_tokens == before.prompt_tokens);
  BOOST_TEST(after.answer_tokens == before.answer_tokens);
  BOOST_TEST(after.sampling_seed == before.sampling_seed);
}

BOOST_AUTO_TEST_CASE(a_fingerprint_moves_with_conversations_categories_and_traces) {
  const Scenario base = conversations(Distribution::constant(3));
  const auto print = [](const Scenario& scenario, std::shared_ptr<const Trace> trace = nullptr) {
    return fingerprint(scenario, make_load_plan(scenario, {}, std::move(trace)));
  };
  const auto moved = [&](auto change) {
    Scenario changed = base;
    change(changed);
    return print(changed) != print(base);
  };
  const auto talk = [](Scenario& scenario) -> Conversations& {
    return std::get<ClosedUsers>(scenario.load).conversations;
  };
  BOOST_TEST(moved([&](Scenario& s) { talk(s).turns = Distribution::constant(4); }));
  BOOST_TEST(moved([&](Scenario& s) { talk(s).pause = Distribution::constant(8); }));
  BOOST_TEST(moved([](Scenario& s) { s.accuracy.sample = 0.5; }));
  BOOST_TEST(moved([](Scenario& s) { s.categories.push_back(category("other", 1, 9)); }));
  BOOST_TEST(moved([](Scenario& s) {
    s.categories.front().prefixes = {2, 1, Distribution::constant(4)};
  }));

  Scenario replay = base;
  replay.load = TraceReplay{};
  auto trace = std::make_shared<Trace>();
  trace->entries = {{0s, 100, 20, 0, 0}, {1s, 50, 30, 0, 0}};
  auto other = std::make_shared<Trace>(*trace);
  other->entries[1].answer_tokens = 31;
  BOOST_TEST(print(replay, trace) != print(replay, other));
  BOOST_TEST(print(replay, trace) == print(replay, std::make_shared<Trace>(*trace)));
}

BOOST_AUTO_TEST_CASE(a_fingerprint_of_millions_is_taken_from_a_part) {
  Scenario scenario;
  OpenArrivals load;
  load.rate = LoadShape::constant(100'000);
  scenario.load = load;
  scenario.phases = {0s, 30s, 0s};  // three million arrivals
  const LoadPlan plan = make_load_plan(scenario, {});
  BOOST_TEST(plan.arrivals > 2'900'000u);
  const std::uint64_t before = fingerprint(scenario, plan);
  scenario.phases = {0s, 31s, 0s};
  BOOST_TEST(fingerprint(scenario, make_load_plan(scenario, {})) != before);
}

BOOST_AUTO_TEST_CASE(a_million_users_are_planned) {
  Scenario scenario;
  ClosedUsers load;
  load.count = LoadShape({{60s, 0, 1e6, 0, {}}, {0s, 1e6, 1e6}});
  scenario.load = load;
  scenario.phases = {0s, 60s, 0s};
  const LoadPlan plan = make_load_plan(scenario, {});
  BOOST_REQUIRE(plan.users.size() == 1'000'000u);
  BOOST_TEST((plan.users[500'000].start == 30s));
  BOOST_TEST((plan.users.back().end == 60s));
}
