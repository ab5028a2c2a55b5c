#pragma once
// One line of a scenario's `thresholds`: "ttft p95 < 300ms", "tokens_per_second >= 60% of ceiling",
// "e2e p95 <= learned + 3 mad", "speedup over main >= 1.2", "ttft p95 < 300ms for 10s, else abort".

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#include "scenarios/schema/metric.hpp"

namespace squall::scenarios {

struct Threshold {
  enum class Statistic { percentile, mean, maximum, value };
  enum class Comparison { below, at_most, above, at_least };
  enum class Source {
    absolute,  // `limit` is all there is to it
    ceiling,   // `factor` times what this machine could reach with this model (roofline.hpp)
    learned    // the median of accepted runs and `factor` times their median absolute deviation
  };

  Metric metric;
  Statistic statistic = Statistic::value;  // value: metrics that are one number
  double percentile = 0;                   // 0 < p < 100, statistic percentile only
  Comparison comparison = Comparison::below;
  double limit = 0;  // seconds for durations, per second for rates, 0..1 for fractions, bytes;
                     // of another source than absolute 0 until it is resolved

  /// Whether `measured` (same unit as limit) satisfies the comparison; NaN satisfies none.
  bool holds(double measured) const;
  /// "<" or "<=": the less the better.
  bool is_upper() const {
    return comparison == Comparison::below || comparison == Comparison::at_most;
  }
  std::string text;  // as the scenario wrote it, trimmed

  Source source = Source::absolute;
  double factor = 0;     // ceiling: above 0, at most 1; learned: above 0 or 0, whichever the sign
  std::string baseline;  // speedup: over which
  std::chrono::nanoseconds window{0};  // no stretch of this length may miss it; 0: the whole run
  bool abort = false;                  // a miss ends the run …
  std::chrono::nanoseconds abort_after{0};  // … but not before so much was measured
};

struct ThresholdError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws ThresholdError saying what is wrong and the nearest valid word.
Threshold parse_threshold(std::string_view text);

/// A limit that each single request must keep: "ttft < 300ms". Durations of a request only, upper
/// limits only; the statistic is `value`. Throws ThresholdError.
Threshold parse_service_level(std::string_view text);

/// Whether both limit the same figure from the same side over the same stretch: then a scenario's
/// line takes the place of the table's, and a change that of what stood.
bool same_figure(const Threshold& one, const Threshold& other);

/// "300ms", "1.5s", "2m", "1h", "40us" as seconds, 0 to 365 days. Throws ThresholdError.
double parse_duration(std::string_view text);

}  // namespace squall::scenarios
