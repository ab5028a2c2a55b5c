#pragma once
// A run's measured durations interval by interval, all agents together: what its journal tells and
// its report no longer does. Merging is exact; together the intervals are the whole phase.

#include <array>
#include <map>
#include <vector>

#include "actors/metrics/metrics_snapshot.hpp"

namespace squall::coordinator {

using std::chrono::nanoseconds;

class IntervalHistograms {
 public:
  /// Intervals are whole seconds, at least one, and as long as need be for at most_intervals of a
  /// run of this length.
  explicit IntervalHistograms(nanoseconds run_length);

  /// Each kept snapshot of each agent once, in any order.
  void add(const actors::MetricsSnapshot& snapshot);

  struct Interval {
    nanoseconds from{0}, length{0};  // since the common start
    std::array<actors::Histogram, scenarios::duration_metric_count> durations;
  };
  /// Those in which anything ended, in order of time. Requests of the measured phase only; each is
  /// in the interval in which it ended.
  std::vector<Interval> intervals() const;

  static constexpr std::int64_t most_intervals = 3600;

 private:
  std::int64_t seconds_;
  std::map<std::int64_t, std::array<actors::Histogram, scenarios::duration_metric_count>> parts_;
};

}  // namespace squall::coordinator
