#pragma once
// A run's latency at each percentile, over one grid for all runs, so that curves of several can be
// laid over each other.

#include <cstdint>
#include <vector>

#include "actors/metrics/histogram.hpp"

namespace squall::coordinator {

inline constexpr std::size_t curve_points = 231;

/// The percentile of a point of the grid, 0 .. 99.999. Its points lie evenly over log 1 / (1 - p).
double curve_percentile(std::size_t point);

/// Seconds at each point, up to the last one that so many samples tell of. Requests without an
/// answer are among the samples, take the highest ranks, and have no value.
std::vector<double> percentile_curve(const actors::Histogram& answered, std::uint64_t samples);

/// Several curves as one: their median at each point, and the least and the greatest of them. As
/// long as the shortest.
struct CurveSpread {
  std::vector<double> low, middle, high;
};
CurveSpread spread_of(const std::vector<const std::vector<double>*>& curves);

}  // namespace squall::coordinator
