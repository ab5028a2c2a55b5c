#include "scenarios/load/distribution.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>
#include <vector>

#include "scenarios/load/portable_math.hpp"

namespace squall::scenarios {

namespace {

using Weighted = Distribution::Weighted;

// `normal` is a value, or a quantile, of the normal variable of mean 0 and deviation 1.
double lognormal(double mean, double deviation, double normal) {
  assert(mean > 0);
  // With v = ln(1 + deviation^2 / mean^2), exp(N(ln mean - v/2, v)) has this mean and deviation.
  const double ratio = deviation / mean;
  const double variance = portable_log(1 + ratio * ratio);
  const double location = portable_log(mean) - variance / 2;
  return portable_exp(location + std::sqrt(variance) * normal);
}

double total_weight(const std::vector<Weighted>& values) {
  double total = 0;
  for (const Weighted& each : values) total += each.weight;
  return total;
}

// The value at which the weights so far reach `share` of all.
double value_at_share(const std::vector<Weighted>& values, double share) {
  assert(!values.empty());
  double left = share * total_weight(values);
  for (const Weighted& each : values) {
    left -= each.weight;
    if (left < 0) return each.value;
  }
  return values.back().value;
}

double empirical_quantile(std::vector<Weighted> values, double p) {
  std::sort(values.begin(), values.end(),
            [](const Weighted& one, const Weighted& other) { return one.value < other.value; });
  const double wanted = p * total_weight(values);
  double reached = 0;
  for (const Weighted& each : values) {
    reached += each.weight;
    if (reached >= wanted) return each.value;
  }
  return values.back().value;
}

// By halving, as the share below a mixture of normals has no inverse of its own.
double bimodal_quantile(const Distribution& distribution, double p) {
  const auto& modes = distribution.values;
  if (distribution.deviation <= 0) return empirical_quantile(modes, p);
  const auto share_below = [&](double x) {
    double share = 0;
    for (const Weighted& mode : modes) {
      share += mode.weight * normal_share_below((x - mode.value) / distribution.deviation);
    }
    return share / total_weight(modes);
  };
  // The quantile lies between those of the modes.
  const double step = distribution.deviation * normal_quantile(p);
  double low = std::min(modes[0].value, modes[1].value) + step;
  double high = std::max(modes[0].value, modes[1].value) + step;
  for (int halving = 0; halving < 100; ++halving) {
    const double middle = low + (high - low) / 2;
    (share_below(middle) < p ? low : high) = middle;
  }
  return high;
}

double sample_shape(const Distribution& distribution, Random& random) {
  using Shape = Distribution::Shape;
  switch (distribution.shape) {
    case Shape::constant:
      return distribution.mean;
    case Shape::uniform:
      return distribution.minimum +
             (distribution.maximum - distribution.minimum) * random.uniform();
    case Shape::normal:
      return distribution.mean + distribution.deviation * random.normal();
    case Shape::lognormal:
      return lognormal(distribution.mean, distribution.deviation, random.normal());
    case Shape::exponential:
      return distribution.mean * random.exponential();
    case Shape::bimodal: {
      assert(distribution.values.size() == 2);
      const double mode = value_at_share(distribution.values, random.uniform());
      return mode + distribution.deviation * random.normal();
    }
    case Shape::empirical:
      return value_at_share(distribution.values, random.uniform());
  }
  assert(false);
  return distribution.mean;
}

double quantile_of_shape(const Distribution& distribution, double p) {
  using Shape = Distribution::Shape;
  switch (distribution.shape) {
    case Shape::constant:
      return distribution.mean;
    case Shape::uniform:
      return distribution.minimum + (distribution.maximum - distribution.minimum) * p;
    case Shape::normal:
      return distribution.mean + distribution.deviation * normal_quantile(p);
    case Shape::lognormal:
      return lognormal(distribution.mean, distribution.deviation, normal_quantile(p));
    case Shape::exponential:
      return -distribution.mean * portable_log(1 - p);
    case Shape::bimodal:
      assert(distribution.values.size() == 2);
      return bimodal_quantile(distribution, p);
    case Shape::empirical:
      assert(!distribution.values.empty());
      return empirical_quantile(distribution.values, p);
  }
  assert(false);
  return distribution.mean;
}

}  // namespace

Distribution Distribution::empirical(std::vector<Weighted> values) {
  assert(!values.empty());
  Distribution result{Shape::empirical, 0, 0, values[0].value, values[0].value, {}};
  for (const Weighted& each : values) {
    result.minimum = std::min(result.minimum, each.value);
    result.maximum = std::max(result.maximum, each.value);
  }
  result.values = std::move(values);
  return result;
}

double Distribution::sample(Random& random) const {
  assert(minimum <= maximum);
  return std::clamp(sample_shape(*this, random), minimum, maximum);
}

double Distribution::quantile(double p) const {
  assert(p > 0 && p < 1 && minimum <= maximum);
  return std::clamp(quantile_of_shape(*this, p), minimum, maximum);
}

}  // namespace squall::scenarios
