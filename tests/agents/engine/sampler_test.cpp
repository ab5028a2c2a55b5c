// The choice of tokens: greedy, and by chance that follows the probabilities, the limits and the
// seed. A slow, obvious way of choosing decides what is right.

#include "agents/engine/sampler.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <vector>

using namespace squall::agents;

namespace {

using Logits = std::vector<float>;
using Ids = std::vector<std::int32_t>;
constexpr float never = -std::numeric_limits<float>::infinity();
constexpr float always = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// The tokens that the options leave and their probabilities: sorts everything, keeps no memory.
std::map<std::int32_t, double> obvious(Logits logits, const SamplerOptions& options,
                                       const Ids& recent) {
  const std::size_t window = std::min<std::size_t>(recent.size(), options.penalty_window);
  for (const std::int32_t id : std::set<std::int32_t>(recent.end() - window, recent.end())) {
    if (logits[id] > 0) {
      logits[id] /= options.repetition_penalty;
    } else {
      logits[id] *= options.repetition_penalty;
    }
  }
  Ids order;
  for (std::size_t i = 0; i < logits.size(); ++i) order.push_back(static_cast<std::int32_t>(i));
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return logits[a] > logits[b]; });
  if (options.top_k > 0 && options.top_k < order.size()) order.resize(options.top_k);
  const double top = logits[order.front()];
  double total = 0;
  for (const std::int32_t id : order) total += std::exp(logits[id] - top);
  double passed = 0;
  std::size_t kept = 0;
  while (kept < order.size() && (kept == 0 || passed < options.top_p * total)) {
    passed += std::exp(logits[order[kept++]] - top);
  }
  if (options.top_p < 1) order.resize(kept);
  std::erase_if(order, [&](auto id) { return std::exp(logits[id] - top) < options.min_p; });
  std::map<std::int32_t, double> shares;
  double sum = 0;
  for (const std::int32_t id : order) {
    sum += shares[id] = std::exp((logits[id] - top) / options.temperature);
  }
  for (auto& [id, share] : shares) share /= sum;
  return shares;
}

Logits random_logits(std::mt19937_64& random, std::size_t count) {
  std::normal_distribution<float> normal(0, 3);
  Logits logits(count);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

}  // namespace

BOOST_AUTO_TEST_CASE(greedy_takes_the_greatest_and_of_equals_the_lowest_id) {
  BOOST_TEST(sample_token(Logits{1, 3, 2}, {}, 0) == 1);
  BOOST_TEST(sample_token(Logits{1, 3, 3}, {}, 0) == 1);
  BOOST_TEST(sample_token(Logits{-5}, {}, 7) == 0);
}

BOOST_AUTO_TEST_CASE(the_same_seed_and_step_give_the_same_token) {
  const Logits logits(1000, 0.0F);
  const SamplerOptions options{.temperature = 1, .seed = 42};
  std::size_t changes = 0;
  for (std::uint64_t step = 0; step < 100; ++step) {
    const auto token = sample_token(logits, options, step);
    BOOST_TEST(sample_token(logits, options, step) == token);
    changes += token != sample_token(logits, {.temperature = 1, .seed = 43}, step) ? 1 : 0;
    changes += token != sample_token(logits, options, step + 1) ? 1 : 0;
  }
  BOOST_TEST(changes > 190U);
}

BOOST_AUTO_TEST_CASE(the_first_choices_of_a_seed_are_the_same_everywhere) {
  Logits logits;
  for (int i = 0; i < 100; ++i) logits.push_back(static_cast<float>(i * 37 % 100) * 0.05F);
  Ids found;
  for (std::uint64_t step = 0; step < 8; ++step) {
    found.push_back(sample_token(logits, {.temperature = 0.8F, .top_p = 0.9F, .seed = 5}, step));
  }
  const Ids expected{97, 86, 62, 54, 89, 86, 29, 59};
  BOOST_TEST(found == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(tokens_come_as_often_as_the_obvious_way_says) {
  // Pearson's chi-square over the kept tokens; its 99.99 % points by degrees of freedom, so that
  // a right sampler passes with these seeds and one off by a few percent does not.
  const auto limit = [](double freedom) {
    const double z = 3.719;  // of the normal distribution; Wilson and Hilferty's formula
    const double root = 1 - 2 / (9 * freedom) + z * std::sqrt(2 / (9 * freedom));
    return freedom * root * root * root;
  };
  std::mt19937_64 random(1);
  const Logits logits = random_logits(random, 40);
  const Ids recent{1, 2, 3, 3, 5, 8};
  for (const SamplerOptions& options :
       std::vector<SamplerOptions>{{.temperature = 0.5F},
                                   {.temperature = 1},
                                   {.temperature = 3},
                                   {.temperature = 2, .top_k = 5},
                                   {.temperature = 2, .top_p = 0.8F},
                                   {.temperature = 2, .min_p = 0.05F},
                                   {.temperature = 1, .repetition_penalty = 1.5F},
                                   {.temperature = 1.5F,
                                   .top_k = 20,
                                   .top_p = 0.95F,
                                   .min_p = 0.02F,
                                   .repetition_penalty = 1.2F}}) {
    const auto shares = obvious(logits, options, recent);
    constexpr int draws = 20000;
    std::map<std::int32_t, int> counts;
    SamplerOptions seeded = options;
    seeded.seed = 11;
    Sampler sampler;
    for (int step = 0; step < draws; ++step) ++counts[sampler.choose(logits, seeded, step, recent)];
    for (const auto& [id, count] : counts) BOOST_TEST(shares.contains(id));
    double sum = 0;
    double freedom = -1;
    double rare = 0;  // those too rare for the approximation count together
    double rare_counts = 0;
    for (const auto& [id, share] : shares) {
      const double expected = share * draws;
      if (expected < 5) {
        rare += expected;
        rare_counts += counts[id];
        continue;
      }
      sum += (counts[id] - expected) * (counts[id] - expected) / expected;
      ++freedom;
    }
    if (rare > 1) sum += (rare_counts - rare) * (rare_counts - rare) / rare;
    if (rare > 1) ++freedom;
    BOOST_TEST(freedom >= 1);
    BOOST_TEST(sum < limit(freedom), "chi-square " << sum << " at " << freedom);
  }
}

BOOST_AUTO_TEST_CASE(exactly_the_tokens_that_the_obvious_way_leaves_can_come) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 300; ++round) {
    const Logits logits = random_logits(random, 1 + random() % 400);
    Ids recent(random() % 100);
    for (auto& id : recent) id = static_cast<std::int32_t>(random() % logits.size());
    const SamplerOptions options{
        .temperature = 0.2F + static_cast<float>(random() % 100) / 20,
        .top_k = static_cast<std::uint32_t>(random() % 3 == 0 ? 0 : random() % 500),
        .top_p = random() % 3 == 0 ? 1 : static_cast<float>(random() % 100) / 100,
        .min_p = random() % 2 == 0 ? 0 : static_cast<float>(random() % 100) / 300,
        .repetition_penalty = random() % 2 == 0 ? 1 : 0.8F + static_cast<float>(random() % 9) / 10,
        .penalty_window = static_cast<std::uint32_t>(random() % 80),
        .seed = random()};
    const auto shares = obvious(logits, options, recent);
    Sampler sampler;
    std::set<std::int32_t> seen;
    for (std::uint64_t step = 0; step < 50; ++step) {
      seen.insert(sampler.choose(logits, options, step, recent));
    }
    for (const std::int32_t id : seen) BOOST_TEST(shares.contains(id), "round " << round);
    // Of few, all come; of one with almost all the share, only that one.
    if (shares.size() == 1) BOOST_TEST(seen.size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(a_used_sampler_chooses_as_a_new_one) {
  std::mt19937_64 random(3);
  Sampler used;
  for (std::uint64_t round = 0; round < 100; ++round) {
    const Logits logits = random_logits(random, 1 + random() % 3000);
    const SamplerOptions options{.temperature = static_cast<float>(round % 3),
                                 .top_k = static_cast<std::uint32_t>(round % 5 * 10),
                                 .top_p = round % 2 == 0 ? 1 : 0.9F,
                                 .repetition_penalty = round % 7 == 0 ? 1.3F : 1,
                                 .seed = round};
    BOOST_TEST(used.choose(logits, options, round, Ids{0}) ==
               sample_token(logits, options, round, Ids{0}));
  }
}

BOOST_AUTO_TEST_CASE(a_temperature_near_zero_is_greedy) {
  const Logits logits{0, 1, 0.9F};
  for (std::uint64_t step = 0; step < 50; ++step) {
    BOOST_TEST(sample_token(logits, {.temperature = 1e-6F, .seed = 1}, step) == 1);
  }
}

BOOST_AUTO_TEST_CASE(top_p_of_zero_and_top_k_of_one_leave_only_the_likeliest) {
  const Logits logits{0, 1, 3, 2.9F};
  for (std::uint64_t step = 0; step < 50; ++step) {
    BOOST_TEST(sample_token(logits, {.temperature = 2, .top_p = 0}, step) == 2);
    BOOST_TEST(sample_token(logits, {.temperature = 2, .top_k = 1}, step) == 2);
    BOOST_TEST(sample_token(logits, {.temperature = 2, .min_p = 1}, step) == 2);
  }
}

BOOST_AUTO_TEST_CASE(more_than_the_vocabulary_and_all_equals_are_no_trouble) {
  const Logits logits(6, 1.0F);
  std::set<std::int32_t> with_all;
  std::set<std::int32_t> of_three;
  std::set<std::int32_t> of_half;
  for (std::uint64_t step = 0; step < 300; ++step) {
    with_all.insert(sample_token(logits, {.temperature = 1, .top_k = 100, .min_p = 1}, step));
    of_three.insert(sample_token(logits, {.temperature = 1, .top_k = 3}, step));
    of_half.insert(sample_token(logits, {.temperature = 1, .top_p = 0.5F}, step));
  }
  BOOST_TEST((with_all == std::set<std::int32_t>{0, 1, 2, 3, 4, 5}));
  BOOST_TEST((of_three == std::set<std::int32_t>{0, 1, 2}));
  BOOST_TEST((of_half == std::set<std::int32_t>{0, 1, 2}));
}

BOOST_AUTO_TEST_CASE(a_penalty_moves_recent_tokens_down_once_and_only_within_the_window) {
  const Logits logits{2, 3, -1};
  const SamplerOptions options{.repetition_penalty = 2, .penalty_window = 2};
  BOOST_TEST(sample_token(logits, options, 0, Ids{1, 1}) == 0);       // 3 / 2, not 3 / 4
  BOOST_TEST(sample_token(logits, options, 0, Ids{1, 0, 2}) == 1);    // 1 is forgotten
  BOOST_TEST(sample_token(Logits{-3, -2}, options, 0, Ids{1}) == 0);  // -4
  BOOST_TEST(sample_token(logits, options, 0) == 1);
}

BOOST_AUTO_TEST_CASE(impossible_tokens_are_never_chosen) {
  const Logits logits{never, 0, not_a_number, 0, never};
  for (std::uint64_t step = 0; step < 200; ++step) {
    BOOST_TEST(sample_token(logits, {.temperature = 1, .seed = 3}, step) % 2 == 1);
    BOOST_TEST(sample_token(logits, {.temperature = 1, .top_k = 4, .seed = 3}, step) % 2 == 1);
  }
  BOOST_TEST(sample_token(logits, {}, 0) == 1);
}

BOOST_AUTO_TEST_CASE(an_infinite_logit_is_a_certainty) {
  for (const float temperature : {0.0F, 1.0F}) {
    BOOST_TEST(sample_token(Logits{0, always, always}, {.temperature = temperature}, 0) == 1);
  }
}

BOOST_AUTO_TEST_CASE(where_no_logit_is_a_number_no_token_is_chosen) {
  for (const float temperature : {0.0F, 1.0F}) {
    BOOST_TEST(sample_token(Logits(8, not_a_number), {.temperature = temperature}, 0) == -1);
    BOOST_TEST(sample_token(Logits{never, not_a_number}, {.temperature = temperature}, 0) == -1);
  }
}
