#pragma once
// One line of a scenario's `thresholds`: "ttft p95 < 300ms", "tokens_per_second > 100",
// "error_rate < 1%", "e2e max < 5s", "tpot mean <= 20ms".

#include <stdexcept>
#include <string>
#include <string_view>

#include "scenarios/schema/metric.hpp"

namespace squall::scenarios {

struct Threshold {
  enum class Statistic { percentile, mean, maximum, value };
  enum class Comparison { below, at_most, above, at_least };

  Metric metric;
  Statistic statistic = Statistic::value;  // value: metrics that are one number
  double percentile = 0;                   // 0 < p < 100, statistic percentile only
  Comparison comparison = Comparison::below;
  double limit = 0;  // seconds for durations, per second for rates, 0..1 for fractions

  /// Whether `measured` (same unit as limit) satisfies the comparison; NaN satisfies none.
  bool holds(double measured) const;
  std::string text;  // as the scenario wrote it, trimmed
};

struct ThresholdError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws ThresholdError saying what is wrong and the nearest valid word.
Threshold parse_threshold(std::string_view text);

/// "300ms", "1.5s", "2m", "1h", "40us" as seconds, 0 to 365 days. Throws ThresholdError.
double parse_duration(std::string_view text);

}  // namespace squall::scenarios
