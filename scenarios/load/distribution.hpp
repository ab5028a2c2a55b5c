#pragma once
// A distribution of lengths or times, as a scenario states it; sampled with the run's own generator
// so that one seed gives the same values on every machine and with every standard library.

#include "scenarios/load/random.hpp"

namespace squall::scenarios {

/// Values are in the unit of the field that holds the distribution (tokens, or seconds).
/// Samples are clamped to [minimum, maximum].
struct Distribution {
  enum class Shape { constant, uniform, normal, lognormal, exponential };

  Shape shape = Shape::constant;
  double mean =
      0;  // constant: the value; lognormal: the mean of the variable, not of its logarithm
  double deviation = 0;  // standard deviation of the variable; normal and lognormal only
  double minimum = 0;
  double maximum = 0;

  static Distribution constant(double value) { return {Shape::constant, value, 0, value, value}; }

  double sample(Random& random) const;

  friend bool operator==(const Distribution&, const Distribution&) = default;
};

}  // namespace squall::scenarios
