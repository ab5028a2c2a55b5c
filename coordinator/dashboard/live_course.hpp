#pragma once
// The whole course of a run for charts, however long it is: each second a point, and from some
// length on each point 2, 4, 8, … seconds. Plain values; one owner.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "coordinator/run/metrics_timeline.hpp"

namespace squall::coordinator {

/// One stretch of the run. Rates and users are means; of latencies each figure is the worst of its
/// seconds, so that no spike is lost. Durations in seconds; absent where nothing ended.
struct CoursePoint {
  double at = 0;                                           // its begin, since the common start
  std::uint32_t seconds = 1;                               // that it stands for
  double tokens = 0, answers = 0, errors = 0, starts = 0;  // per second
  double in_flight = 0, users = 0;
  std::optional<double> planned;                           // users, or arrivals per second
  using Quantiles = std::array<std::optional<double>, 3>;  // p50, p95, p99
  Quantiles ttft{}, tpot{}, e2e{};

  CoursePoint(const TimelinePoint& point, std::optional<double> planned);
  /// One that follows.
  void merge(const CoursePoint& later);
};

class LiveCourse {
 public:
  /// A course that takes another one's place has another generation, too.
  explicit LiveCourse(std::uint32_t generation = 0) : generation_(generation) {}

  /// In order of time, beside what the plan had for it; what is not later than all before it is
  /// known already.
  void add(const TimelinePoint& second, std::optional<double> planned);

  /// The newest second that is known.
  const std::optional<nanoseconds>& newest() const { return newest_; }
  const std::vector<CoursePoint>& points() const { return points_; }
  /// Points merged so many times: whoever holds older ones needs all of them anew.
  std::uint32_t generation() const { return generation_; }
  /// The points that are new, or have grown, since `at`: the last one's begin then.
  std::vector<CoursePoint> points_from(double at) const;

  static constexpr std::size_t most_points = 1200;

 private:
  void halve();

  std::vector<CoursePoint> points_;
  std::uint32_t seconds_a_point_ = 1;
  std::uint32_t generation_;
  std::optional<nanoseconds> newest_;
};

}  // namespace squall::coordinator
