#pragma once
// Percentiles that can be believed: order-statistic 95 % intervals, floors below which a value is
// withheld, and the early-stopping test for thresholds. Formulas: docs/measurement.md, section 2.

#include <cstdint>
#include <optional>
#include <vector>

#include "actors/metrics/histogram.hpp"

namespace squall::actors {

/// Failed and timed-out requests have no latency, but they were no faster than the timeout: they
/// take the highest ranks. A percentile that falls among them is known only as "at least".
struct LatencySample {
  const Histogram* completed = nullptr;
  std::uint64_t censored = 0;        // failed + timed out
  nanoseconds censored_at_least{0};  // the timeout
  /// The completed to the nanosecond, ascending, where they are known one by one: as many as
  /// `completed` counts. Else null, and values have the histogram's 0.1 %.
  const std::vector<nanoseconds>* exact = nullptr;

  std::uint64_t count() const { return completed->count() + censored; }
};

struct PercentileEstimate {
  double percentile = 0;  // 0 < p < 100
  std::uint64_t samples = 0;
  std::uint64_t samples_needed =
      0;  // floor for a finite two-sided 95 % interval: p90 36, p95 72, p99 368, p99.9 3,688
  bool enough = false;          // samples >= samples_needed; else value is not to be printed
  nanoseconds value{0};         // rank ceil(n * p)
  nanoseconds low{0}, high{0};  // order-statistic 95 % interval
  bool at_least = false;        // value fell among the censored: it is a lower bound
  bool high_at_least = false;
};

PercentileEstimate estimate_percentile(const LatencySample& sample, double percentile);

/// Completed ones strictly above `limit`: exactly, or to the histogram's buckets.
std::uint64_t count_above(const LatencySample& sample, nanoseconds limit);

/// Smallest n for which order statistics give a finite two-sided 95 % interval for p (0 < p < 100).
std::uint64_t samples_floor(double percentile);

/// Smallest n at which `violations` violations still show, with confidence 0.99, that the true
/// violation rate is below 1 - p/100 (MLPerf LoadGen's early stopping). p99: 0 -> 459, 1 -> 662.
std::uint64_t samples_to_pass(double percentile, std::uint64_t violations);

/// A share of a sample, with its two-sided 95 % interval after Clopper and Pearson (Biometrika 26,
/// 1934): exact, and never too narrow.
struct ShareEstimate {
  double share = 0, low = 0, high = 1;
};

/// Requires 0 < samples and successes <= samples.
ShareEstimate estimate_share(std::uint64_t successes, std::uint64_t samples);

/// True when so many violations among n would happen with probability <= 0.01 had the target met p.
bool surely_failed(double percentile, std::uint64_t violations, std::uint64_t samples);

}  // namespace squall::actors
