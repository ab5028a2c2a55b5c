// The choice of tokens: greedy, and by chance that follows the probabilities and the seed.

#include "agents/engine/sampler.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

using namespace squall::agents;

BOOST_AUTO_TEST_CASE(greedy_takes_the_greatest_and_of_equals_the_lowest_id) {
  BOOST_TEST(sample_token(std::vector<float>{1, 3, 2}, {}, 0) == 1);
  BOOST_TEST(sample_token(std::vector<float>{1, 3, 3}, {}, 0) == 1);
  BOOST_TEST(sample_token(std::vector<float>{-5}, {}, 7) == 0);
}

BOOST_AUTO_TEST_CASE(the_same_seed_and_step_give_the_same_token) {
  const std::vector<float> logits(1000, 0.0F);
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

BOOST_AUTO_TEST_CASE(tokens_come_as_often_as_their_probabilities_say) {
  const std::vector<float> logits{0, 1, 2, -1};
  for (const float temperature : {0.5F, 1.0F, 2.0F}) {
    double total = 0;
    for (const float logit : logits) total += std::exp(logit / temperature);
    std::vector<int> counts(logits.size(), 0);
    constexpr int draws = 20000;
    for (int step = 0; step < draws; ++step) {
      ++counts[sample_token(logits, {.temperature = temperature, .seed = 7}, step)];
    }
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const double expected = std::exp(logits[i] / temperature) / total;
      // Five standard deviations of a binomial count.
      const double margin = 5 * std::sqrt(expected * (1 - expected) / draws);
      BOOST_TEST(std::abs(counts[i] / double{draws} - expected) < margin);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_temperature_near_zero_is_greedy) {
  const std::vector<float> logits{0, 1, 0.9F};
  for (std::uint64_t step = 0; step < 50; ++step) {
    BOOST_TEST(sample_token(logits, {.temperature = 1e-6F, .seed = 1}, step) == 1);
  }
}

BOOST_AUTO_TEST_CASE(impossible_tokens_are_never_chosen) {
  const float never = -std::numeric_limits<float>::infinity();
  const std::vector<float> logits{never, 0, never, 0, never};
  for (std::uint64_t step = 0; step < 200; ++step) {
    BOOST_TEST(sample_token(logits, {.temperature = 1, .seed = 3}, step) % 2 == 1);
  }
}

BOOST_AUTO_TEST_CASE(logits_that_are_no_numbers_still_give_a_token_of_the_vocabulary) {
  const std::vector<float> logits(8, std::numeric_limits<float>::quiet_NaN());
  for (const float temperature : {0.0F, 1.0F}) {
    const auto token = sample_token(logits, {.temperature = temperature}, 0);
    BOOST_TEST((token >= 0 && token < 8));
  }
}
