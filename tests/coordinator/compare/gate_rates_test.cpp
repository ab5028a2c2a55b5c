// How often a comparison is right, on seeded runs whose truth is known: a smaller version of
// squall-bench-compare.

#include <boost/math/distributions/binomial.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/coordinator/compare/synthetic_runs.hpp"

using namespace squall::coordinator;

namespace {

constexpr std::size_t comparisons = 60;

GateTrial trial_of(const Injection& injection) {
  GateTrial trial;
  trial.injection = injection;
  trial.comparisons = comparisons;
  trial.service.requests = 4'000;
  trial.seed = 5;
  return trial;
}

/// Counts that a rate of `share` would give less often than once in a thousand are unbelievable.
std::size_t most_believable(double share) {
  const boost::math::binomial law(static_cast<double>(comparisons), share);
  std::size_t count = 0;
  while (boost::math::cdf(boost::math::complement(law, static_cast<double>(count))) > 0.001)
    ++count;
  return count;
}

std::size_t fewest_believable(double share) { return comparisons - most_believable(1 - share); }

}  // namespace

BOOST_AUTO_TEST_CASE(the_same_service_twice_is_called_a_regression_in_at_most_five_percent) {
  GateTrial five = trial_of({});
  five.in_pairs = false;
  five.at_least = five.at_most = fewest_runs;
  BOOST_TEST(gate_rates(five).regression <= most_believable(0.05));
  BOOST_TEST(gate_rates(trial_of({})).regression <= most_believable(0.05));
}

BOOST_AUTO_TEST_CASE(ten_percent_fewer_tokens_a_second_are_found_in_nine_of_ten) {
  const GateRates rates = gate_rates(trial_of({.rate = 0.9}));
  BOOST_TEST(rates.regression >= fewest_believable(0.9));
  BOOST_TEST(rates.pass == 0u);
}

BOOST_AUTO_TEST_CASE(latencies_ten_percent_longer_are_found_in_nine_of_ten) {
  const GateRates rates = gate_rates(trial_of({.latencies = 1.1}));
  BOOST_TEST(rates.regression >= fewest_believable(0.9));
  BOOST_TEST(rates.pass == 0u);
}

BOOST_AUTO_TEST_CASE(a_change_of_the_margin_itself_never_passes_often) {
  // +10 % of p99 at a margin of 10 %: often inconclusive, passed in at most 2.5 %.
  const GateRates rates = gate_rates(trial_of({.tail = 1.1}));
  BOOST_TEST(rates.pass <= most_believable(0.025));
}
