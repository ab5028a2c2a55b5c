// scenarios/load/load_plan: who asks what and when.

#include "scenarios/load/load_plan.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <set>

using namespace squall::scenarios;
using namespace std::chrono_literals;

namespace {

Category& only(Scenario& scenario) { return scenario.categories.front(); }

Scenario closed(unsigned users, nanoseconds ramp, std::uint64_t seed = 1) {
  Scenario scenario;
  scenario.seed = seed;
  ClosedUsers load;
  load.count =
      ramp.count() > 0 ? LoadShape({{ramp, 0, double(users)}}) : LoadShape::constant(users);
  load.think_time = {Distribution::Shape::exponential, 0.5, 0, 0, 10};
  scenario.load = load;
  only(scenario).prompts = SyntheticPrompts{{Distribution::Shape::lognormal, 64, 32, 8, 256}};
  only(scenario).answer_tokens = {Distribution::Shape::normal, 32, 16, 1, 100};
  scenario.phases = {2s, 8s, 5s};
  return scenario;
}

Scenario open(OpenArrivals::Process process, double rate, std::uint64_t seed = 1) {
  Scenario scenario = closed(1, 0s, seed);
  OpenArrivals load;
  load.process = process;
  load.rate = LoadShape::constant(rate);
  scenario.load = load;
  return scenario;
}

LoadPlan whole(const Scenario& scenario) { return make_load_plan(scenario, {0, 1}); }

std::vector<PlannedArrival> arrivals_in(const Scenario& scenario, const LoadPlan& plan) {
  std::vector<PlannedArrival> arrivals;
  const auto stream = arrivals_of(scenario, plan);
  while (const auto arrival = stream->next()) arrivals.push_back(*arrival);
  BOOST_TEST(arrivals.size() == plan.arrivals);
  return arrivals;
}

std::vector<PlannedArrival> arrivals_of(const Scenario& scenario) {
  return arrivals_in(scenario, whole(scenario));
}

RequestPlan request_of(const Scenario& scenario, std::uint64_t user, std::uint32_t session) {
  return plan_request(scenario, {user, session, 0});
}

// The intended instant of every item, from `count` agents; an item planned twice fails the test.
std::map<std::uint64_t, nanoseconds> union_of_shares(const Scenario& scenario,
                                                     std::uint32_t count) {
  std::map<std::uint64_t, nanoseconds> all;
  std::size_t planned = 0;
  for (std::uint32_t index = 0; index < count; ++index) {
    const LoadPlan plan = make_load_plan(scenario, {index, count});
    planned += plan.users.size() + plan.arrivals;
    for (const auto& user : plan.users) all.emplace(user.user, user.start);
    for (const auto& one : arrivals_in(scenario, plan)) all.emplace(one.arrival, one.at);
  }
  BOOST_TEST(all.size() == planned);
  return all;
}

bool same_request(const RequestPlan& one, const RequestPlan& other) {
  return one.prompt_seed == other.prompt_seed && one.prompt_tokens == other.prompt_tokens &&
         one.answer_tokens == other.answer_tokens && one.sampling_seed == other.sampling_seed &&
         one.think_time == other.think_time;
}

constexpr auto poisson = OpenArrivals::Process::poisson;
constexpr auto constant = OpenArrivals::Process::constant;

}  // namespace

BOOST_AUTO_TEST_CASE(shares_of_all_agents_add_up_to_the_whole) {
  for (const std::uint64_t seed : {0ull, 1ull, 42ull, 0x7FFFFFFFFFFFFFFFull}) {
    for (const Scenario& scenario :
         {closed(100, 3s, seed), open(poisson, 50, seed), open(constant, 33.3, seed)}) {
      const auto expected = union_of_shares(scenario, 1);
      BOOST_TEST(expected.size() >= 100);
      for (std::uint32_t count = 1; count <= 64; ++count) {
        BOOST_TEST((union_of_shares(scenario, count) == expected), count << " agents");
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(shares_differ_by_one_item_at_most) {
  for (std::uint32_t count = 1; count <= 64; ++count) {
    std::size_t least = 1000, most = 0;
    for (std::uint32_t index = 0; index < count; ++index) {
      const std::size_t users = make_load_plan(closed(100, 3s), {index, count}).users.size();
      least = std::min(least, users);
      most = std::max(most, users);
    }
    BOOST_TEST(most - least <= 1);
  }
}

BOOST_AUTO_TEST_CASE(more_agents_than_users_leave_some_without_work) {
  BOOST_TEST(make_load_plan(closed(3, 0s), {2, 8}).users.size() == 1);
  BOOST_TEST(make_load_plan(closed(3, 0s), {3, 8}).users.empty());
}

BOOST_AUTO_TEST_CASE(users_start_evenly_along_the_ramp) {
  const LoadPlan plan = whole(closed(7, 3s));
  BOOST_REQUIRE(plan.users.size() == 7);
  for (std::size_t i = 0; i < 7; ++i) {
    BOOST_TEST(plan.users[i].user == i);
    BOOST_TEST(plan.users[i].start.count() == 3'000'000'000 * static_cast<long long>(i) / 7);
  }
  for (const auto& user : whole(closed(5, 0s)).users) BOOST_TEST(user.start.count() == 0);
}

BOOST_AUTO_TEST_CASE(a_long_ramp_of_many_users_does_not_overflow) {
  Scenario scenario = closed(1'000'000, 720h);
  scenario.phases = {0s, 720h, 0s};
  const LoadPlan plan = make_load_plan(scenario, {999, 1000});
  BOOST_REQUIRE(plan.users.size() == 1000);
  BOOST_TEST(plan.users.back().user == 999'999u);
  BOOST_TEST((plan.users.back().start < 720h));
  BOOST_TEST((plan.users.back().start > 719h));
}

BOOST_AUTO_TEST_CASE(constant_arrivals_come_at_equal_distances_from_zero) {
  const auto arrivals = arrivals_of(open(constant, 4));
  BOOST_REQUIRE(arrivals.size() == 40);
  for (std::size_t k = 0; k < 40; ++k) {
    BOOST_TEST(arrivals[k].arrival == k);
    BOOST_TEST(arrivals[k].at.count() == static_cast<long long>(k) * 250'000'000);
  }
}

BOOST_AUTO_TEST_CASE(arrivals_are_ordered_and_none_is_at_or_after_the_stop) {
  for (const double rate : {0.001, 0.3, 1.0, 7.77, 1000.0, 50'000.0}) {
    for (const auto process : {constant, poisson}) {
      const Scenario scenario = open(process, rate);
      const LoadPlan plan = whole(scenario);
      BOOST_TEST((plan.stop == 10s));
      nanoseconds before{0};
      std::uint64_t number = 0, wrong = 0;
      for (const auto& one : arrivals_in(scenario, plan)) {
        const bool right = one.arrival == number++ && one.at >= before && one.at < plan.stop;
        wrong += right ? 0 : 1;
        before = one.at;
      }
      BOOST_TEST(wrong == 0u);
    }
  }
}

BOOST_AUTO_TEST_CASE(users_who_would_start_after_the_stop_are_left_out) {
  const LoadPlan plan = whole(closed(10, 20s));  // stop is at 10 s
  BOOST_TEST(plan.users.size() == 5);
}

BOOST_AUTO_TEST_CASE(poisson_arrivals_have_the_mean_and_variance_of_a_poisson_process) {
  for (const std::uint64_t seed : {1ull, 2ull, 3ull}) {
    Scenario scenario = open(poisson, 100, seed);
    scenario.phases = {0s, 1000s, 0s};
    const auto arrivals = arrivals_of(scenario);
    // 100,000 expected, deviation 316: four deviations.
    BOOST_TEST(std::abs(static_cast<double>(arrivals.size()) - 100'000) < 4 * 316.3);

    std::vector<double> a_second(1000);
    for (const auto& one : arrivals) ++a_second[static_cast<std::size_t>(one.at / 1s)];
    double variance = 0;
    for (const double count : a_second) variance += (count - 100) * (count - 100) / 1000;
    // Mean = variance = 100; the estimate's deviation is about 100 sqrt(2/1000) = 4.5.
    BOOST_TEST(std::abs(variance - 100) < 4 * 4.5);
  }
}

BOOST_AUTO_TEST_CASE(gaps_of_poisson_arrivals_are_exponential) {
  Scenario scenario = open(poisson, 1000);
  scenario.phases = {0s, 100s, 0s};
  const auto arrivals = arrivals_of(scenario);
  int longer_than_mean = 0, longer_than_three = 0;
  for (std::size_t i = 1; i < arrivals.size(); ++i) {
    const nanoseconds gap = arrivals[i].at - arrivals[i - 1].at;
    longer_than_mean += gap > 1ms ? 1 : 0;
    longer_than_three += gap > 3ms ? 1 : 0;
  }
  const auto gaps = static_cast<double>(arrivals.size() - 1);
  BOOST_TEST(std::abs(longer_than_mean / gaps - std::exp(-1)) < 4 * 0.0016);
  BOOST_TEST(std::abs(longer_than_three / gaps - std::exp(-3)) < 4 * 0.0007);
}

BOOST_AUTO_TEST_CASE(a_request_is_fixed_by_the_seed_and_its_place) {
  const Scenario scenario = closed(10, 0s);
  BOOST_TEST(same_request(request_of(scenario, 3, 5), request_of(scenario, 3, 5)));
  std::set<std::uint64_t> prompts, samplings;
  for (std::uint64_t user = 0; user < 50; ++user) {
    for (std::uint32_t sequence = 0; sequence < 50; ++sequence) {
      const RequestPlan plan = request_of(scenario, user, sequence);
      prompts.insert(plan.prompt_seed);
      samplings.insert(plan.sampling_seed);
    }
  }
  BOOST_TEST(prompts.size() == 2500);
  BOOST_TEST(samplings.size() == 2500);
  const RequestPlan other_seed = request_of(closed(10, 0s, 2), 3, 5);
  BOOST_TEST(!same_request(request_of(scenario, 3, 5), other_seed));
}

BOOST_AUTO_TEST_CASE(one_choice_of_a_request_does_not_move_the_others) {
  Scenario scenario = closed(10, 0s);
  const RequestPlan before = request_of(scenario, 3, 5);
  only(scenario).prompts = PromptsFromFile{"questions.txt"};
  const RequestPlan after = request_of(scenario, 3, 5);
  BOOST_TEST(after.prompt_tokens == 0u);
  BOOST_TEST(after.prompt_seed == before.prompt_seed);
  BOOST_TEST(after.answer_tokens == before.answer_tokens);
  BOOST_TEST(after.sampling_seed == before.sampling_seed);
  BOOST_TEST(after.think_time.count() == before.think_time.count());
}

BOOST_AUTO_TEST_CASE(planned_lengths_and_think_times_follow_their_distributions) {
  const Scenario scenario = closed(1, 0s);
  double prompt = 0, answer = 0, think = 0;
  constexpr int requests = 20'000;
  for (std::uint32_t i = 0; i < requests; ++i) {
    const RequestPlan plan = request_of(scenario, 0, i);
    BOOST_REQUIRE(plan.prompt_tokens >= 8);
    BOOST_REQUIRE(plan.prompt_tokens <= 256);
    BOOST_REQUIRE(plan.answer_tokens >= 1);
    BOOST_REQUIRE(plan.answer_tokens <= 100);
    prompt += plan.prompt_tokens;
    answer += plan.answer_tokens;
    think += static_cast<double>(plan.think_time.count()) * 1e-9;
  }
  // Five standard errors, and a little for what the bounds cut off.
  BOOST_TEST(std::abs(prompt / requests - 64) < 5 * 32 / 141.4 + 0.3);
  BOOST_TEST(std::abs(answer / requests - 32) < 5 * 16 / 141.4 + 0.3);
  BOOST_TEST(std::abs(think / requests - 0.5) < 5 * 0.5 / 141.4);
}

BOOST_AUTO_TEST_CASE(uniform_token_counts_are_equally_likely_up_to_both_ends) {
  Scenario scenario = closed(1, 0s);
  only(scenario).answer_tokens = {Distribution::Shape::uniform, 0, 0, 1, 4};
  std::map<std::uint32_t, int> counts;
  for (std::uint32_t i = 0; i < 40'000; ++i) ++counts[request_of(scenario, 0, i).answer_tokens];
  BOOST_TEST(counts.size() == 4);
  for (const auto& [tokens, count] : counts) {
    BOOST_TEST(std::abs(count - 10'000) < 5 * 87, tokens << " tokens: " << count);
  }
}

BOOST_AUTO_TEST_CASE(open_model_requests_think_not) {
  BOOST_TEST(request_of(open(poisson, 5), 3, 0).think_time.count() == 0);
}

BOOST_AUTO_TEST_CASE(same_seed_same_fingerprint_and_another_seed_another) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const auto& make : {+[](std::uint64_t s) { return closed(5, 1s, s); },
                             +[](std::uint64_t s) { return open(poisson, 20, s); },
                             +[](std::uint64_t s) { return open(constant, 20, s); }}) {
      const Scenario one = make(seed), same = make(seed), other = make(seed + 1);
      BOOST_TEST(fingerprint(one, whole(one)) == fingerprint(same, whole(same)));
      BOOST_TEST(fingerprint(one, whole(one)) != fingerprint(other, whole(other)));
    }
  }
}

BOOST_AUTO_TEST_CASE(fingerprint_moves_with_everything_that_changes_the_load) {
  const Scenario base = closed(5, 1s);
  const std::uint64_t before = fingerprint(base, whole(base));
  const auto moved = [&](auto change) {
    Scenario changed = base;
    change(changed);
    return fingerprint(changed, whole(changed)) != before;
  };
  BOOST_TEST(moved([](Scenario& s) {
    std::get<ClosedUsers>(s.load).count = LoadShape({{1s, 0, 6}});
  }));
  BOOST_TEST(moved([](Scenario& s) {
    std::get<ClosedUsers>(s.load).count = LoadShape({{2s, 0, 5}});
  }));
  BOOST_TEST(moved([](Scenario& s) { std::get<ClosedUsers>(s.load).think_time.mean = 0.6; }));
  BOOST_TEST(moved([](Scenario& s) { only(s).answer_tokens.mean = 33; }));
  BOOST_TEST(moved([](Scenario& s) { only(s).prompts = PromptsFromFile{"a.txt"}; }));
  BOOST_TEST(moved([](Scenario& s) { s.phases.measure = 9s; }));
  BOOST_TEST(!moved([](Scenario& s) { s.description = "another text, the same load"; }));
  const auto first = fingerprint(base, make_load_plan(base, {0, 2}));
  const auto second = fingerprint(base, make_load_plan(base, {1, 2}));
  BOOST_TEST(first != second);
}

BOOST_AUTO_TEST_CASE(fingerprints_are_those_that_every_machine_must_give) {
  const Scenario users = closed(5, 1s), strangers = open(poisson, 20);
  BOOST_TEST(fingerprint(users, whole(users)) == 0x848702C58317B3F1ull);
  BOOST_TEST(fingerprint(strangers, whole(strangers)) == 0xC94C449451C2FEDDull);
}
