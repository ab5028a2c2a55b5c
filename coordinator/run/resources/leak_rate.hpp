#pragma once
// Does a process's memory grow, and how fast? A robust slope of what it had resident after warm-up,
// with an interval that allows for samples that depend on each other. Pure arithmetic.
//
// Slope: the median of the slopes between all pairs of points (Theil 1950; Sen, JASA 63, 1968).
// Interval: order statistics of these slopes, by the variance of Kendall's S, which is widened
// by what is left of the autocorrelation (Yue and Wang, Water Resources Management 18, 2004).

#include <chrono>
#include <optional>
#include <span>
#include <string>

namespace squall::coordinator {

using std::chrono::nanoseconds;

struct MemoryPoint {
  double seconds = 0;  // since whenever, ascending
  double bytes = 0;
};

enum class LeakFinding { leaks, flat, cannot_tell };

struct LeakRules {
  nanoseconds shortest = std::chrono::minutes(5);  // less is warming up, whatever it looks like
  double harmful = 10;  // MB/h; a slower growth is called flat: a quarter of a gigabyte a day
};

/// In megabytes (10^6 bytes) an hour.
struct LeakRate {
  LeakFinding finding = LeakFinding::cannot_tell;
  std::optional<double> rate, low, high;  // none where there are too few points
  nanoseconds length{0};                  // from the first point to the last
  std::string explanation;                // why it cannot be told, or what it is of; else empty
};

/// Leaks: the interval is above 0, and the slope at least harmful. Flat: the interval is below
/// harmful. The interval is to hold the truth in 95 of 100 cases; a single step makes it wide.
LeakRate estimate_leak(std::span<const MemoryPoint> points, const LeakRules& rules = {});

}  // namespace squall::coordinator
