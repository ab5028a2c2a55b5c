#include "actors/metrics/percentile.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cassert>
#include <cmath>

namespace squall::actors {

namespace {

constexpr double tail = 0.025;       // each side of a two-sided 95 % interval
constexpr double pass_error = 0.01;  // LoadGen's early stopping: confidence 0.99
constexpr std::uint64_t sample_limit = std::uint64_t{1} << 40;

using Binomial = boost::math::binomial_distribution<double>;

/// P(at most k of n), each with probability p.
double at_most(std::uint64_t k, std::uint64_t n, double p) {
  if (k >= n) return 1;
  return boost::math::cdf(Binomial(static_cast<double>(n), p), static_cast<double>(k));
}

/// P(at least k of n).
double at_least(std::uint64_t k, std::uint64_t n, double p) {
  if (k == 0) return 1;
  if (k > n) return 0;
  return boost::math::cdf(
      boost::math::complement(Binomial(static_cast<double>(n), p), static_cast<double>(k - 1)));
}

/// The smallest n in (low, high] for which `holds`, which stays true once it is.
template <class Predicate>
std::uint64_t smallest(std::uint64_t low, std::uint64_t high, Predicate holds) {
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (holds(middle) ? high : low) = middle;
  }
  return high;
}

template <class Predicate>
std::uint64_t smallest_from(std::uint64_t low, Predicate holds) {
  std::uint64_t high = std::max<std::uint64_t>(low, 1) * 2;
  while (!holds(high) && high < sample_limit) high *= 2;
  return smallest(low, high, holds);
}

struct Bound {
  nanoseconds value{0};
  bool at_least = false;
};

Bound value_at(const LatencySample& sample, std::uint64_t rank) {
  const std::uint64_t completed = sample.completed->count();
  if (rank <= completed && sample.exact != nullptr) return {sample.exact->at(rank - 1), false};
  if (rank <= completed) return {sample.completed->value_at_rank(rank), false};
  // Whoever failed was no faster than the timeout, nor than the slowest that did complete.
  const nanoseconds slowest = completed > 0 ? sample.completed->maximum() : nanoseconds{0};
  return {std::max(sample.censored_at_least, slowest), true};
}

}  // namespace

std::uint64_t samples_floor(double percentile) {
  assert(percentile > 0 && percentile < 100);
  const double p = percentile / 100;
  const double binding = std::max(p, 1 - p);
  return static_cast<std::uint64_t>(std::ceil(std::log(tail) / std::log(binding)));
}

std::uint64_t samples_to_pass(double percentile, std::uint64_t violations) {
  assert(percentile > 0 && percentile < 100);
  const double rate = 1 - percentile / 100;
  return smallest_from(violations,
                       [&](std::uint64_t n) { return at_most(violations, n, rate) <= pass_error; });
}

ShareEstimate estimate_share(std::uint64_t successes, std::uint64_t samples) {
  assert(samples > 0 && successes <= samples);
  const auto n = static_cast<double>(samples);
  const auto k = static_cast<double>(successes);
  ShareEstimate estimate{k / n, 0, 1};
  // The ends are exact: a sample without a failure does not deny that there are none, and so back.
  if (successes > 0) estimate.low = Binomial::find_lower_bound_on_p(n, k, tail);
  if (successes < samples) estimate.high = Binomial::find_upper_bound_on_p(n, k, tail);
  return estimate;
}

bool surely_failed(double percentile, std::uint64_t violations, std::uint64_t samples) {
  return at_least(violations, samples, 1 - percentile / 100) <= pass_error;
}

std::uint64_t count_above(const LatencySample& sample, nanoseconds limit) {
  if (sample.exact == nullptr) return sample.completed->count_above(limit);
  const auto above = std::ranges::upper_bound(*sample.exact, limit);
  return static_cast<std::uint64_t>(sample.exact->end() - above);
}

PercentileEstimate estimate_percentile(const LatencySample& sample, double percentile) {
  assert(sample.exact == nullptr || sample.exact->size() == sample.completed->count());
  PercentileEstimate estimate;
  estimate.percentile = percentile;
  estimate.samples = sample.count();
  estimate.samples_needed = samples_floor(percentile);
  estimate.enough = estimate.samples >= estimate.samples_needed;
  const std::uint64_t n = estimate.samples;
  if (n == 0) return estimate;
  const double p = percentile / 100;
  // Rounding of p must not push an exact n * p over to the next rank.
  const auto exact = std::ceil(static_cast<double>(n) * p * (1 - 1e-14));
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(exact), 1, n);
  const Bound value = value_at(sample, rank);
  estimate.value = value.value;
  estimate.at_least = value.at_least;
  if (!estimate.enough) return estimate;

  // The interval [X(low), X(high)]: fewer than `low` values lie below the true percentile with
  // probability <= 2.5 %, and `high` or more do with the same (David and Nagaraja, Order
  // Statistics, section 7.1).
  const std::uint64_t above_low =
      smallest(0, n, [&](std::uint64_t k) { return at_most(k, n, p) > tail; });
  const std::uint64_t low = at_most(0, n, p) > tail ? 1 : above_low;
  const std::uint64_t high =
      smallest(0, n, [&](std::uint64_t k) { return at_least(k, n, p) <= tail; });
  const Bound upper = value_at(sample, high);
  estimate.low = value_at(sample, low).value;
  estimate.high = upper.value;
  estimate.high_at_least = upper.at_least;
  return estimate;
}

}  // namespace squall::actors
