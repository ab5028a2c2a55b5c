#pragma once
// A distribution of lengths or times, as a scenario states it; sampled with the run's own generator
// so that one seed gives the same values on every machine and with every standard library.

#include <vector>

#include "scenarios/load/random.hpp"

namespace squall::scenarios {

/// Values are in the unit of the field that holds the distribution (tokens, or seconds).
/// Samples are clamped to [minimum, maximum].
struct Distribution {
  enum class Shape { constant, uniform, normal, lognormal, exponential, bimodal, empirical };

  /// A value and how often it comes; weights need not add up to one.
  struct Weighted {
    double value = 0;
    double weight = 1;
    friend bool operator==(const Weighted&, const Weighted&) = default;
  };

  Shape shape = Shape::constant;
  double mean = 0;       // constant: the value; lognormal: the mean of the variable, not of its
                         // logarithm; not used by bimodal and empirical
  double deviation = 0;  // standard deviation of the variable (of a mode, bimodal)
  double minimum = 0;
  double maximum = 0;
  /// empirical: the values that were seen. bimodal: two values, each the mean of a normal mode of
  /// standard deviation `deviation`.
  std::vector<Weighted> values = {};

  static Distribution constant(double value) {
    return {Shape::constant, value, 0, value, value, {}};
  }

  /// Two modes, `share` of the samples in the second.
  static Distribution bimodal(double first, double second, double share, double deviation,
                              double minimum, double maximum) {
    return {Shape::bimodal, 0, deviation, minimum, maximum, {{first, 1 - share}, {second, share}}};
  }
  /// The values as they come; at least one.
  static Distribution empirical(std::vector<Weighted> values);

  double sample(Random& random) const;
  /// The true value below which the share `p` (0 < p < 1) of samples lies, bounds included; what
  /// selftest compares measured percentiles with. Of values that come often, the smallest that has
  /// at least that share at or below it.
  double quantile(double p) const;

  friend bool operator==(const Distribution&, const Distribution&) = default;
};

}  // namespace squall::scenarios
