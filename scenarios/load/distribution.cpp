#include "scenarios/load/distribution.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "scenarios/load/portable_math.hpp"

namespace squall::scenarios {

namespace {

double sample_lognormal(double mean, double deviation, Random& random) {
  assert(mean > 0);
  // With v = ln(1 + deviation^2 / mean^2), exp(N(ln mean - v/2, v)) has this mean and deviation.
  const double ratio = deviation / mean;
  const double variance = portable_log(1 + ratio * ratio);
  const double location = portable_log(mean) - variance / 2;
  return portable_exp(location + std::sqrt(variance) * random.normal());
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
      return sample_lognormal(distribution.mean, distribution.deviation, random);
    case Shape::exponential:
      return distribution.mean * random.exponential();
  }
  assert(false);
  return distribution.mean;
}

}  // namespace

double Distribution::sample(Random& random) const {
  assert(minimum <= maximum);
  return std::clamp(sample_shape(*this, random), minimum, maximum);
}

}  // namespace squall::scenarios
