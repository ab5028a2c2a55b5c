#include "coordinator/run/resources/leak_rate.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace squall::coordinator {

namespace {

constexpr double megabytes_per_hour = 3600.0 / 1e6;  // of bytes a second
constexpr double normal_975 = 1.959964;
// As many blocks as leave little of the dependence between neighbours, and enough for an interval.
constexpr std::size_t blocks_wanted = 20;
constexpr std::size_t blocks_of_dependent = 10;
constexpr std::size_t fewest_points = 16;

using Points = std::vector<MemoryPoint>;

/// Means of `count` stretches of the same number of points, as far as that goes.
Points block_means(std::span<const MemoryPoint> points, std::size_t count) {
  Points means;
  for (std::size_t block = 0; block < count; ++block) {
    const std::size_t begin = block * points.size() / count;
    const std::size_t end = (block + 1) * points.size() / count;
    MemoryPoint mean;
    for (std::size_t i = begin; i < end; ++i) {
      mean.seconds += points[i].seconds;
      mean.bytes += points[i].bytes;
    }
    const auto size = static_cast<double>(end - begin);
    means.push_back({mean.seconds / size, mean.bytes / size});
  }
  return means;
}

/// Ascending; pairs at the same instant have none.
std::vector<double> pairwise_slopes(const Points& points) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = i + 1; j < points.size(); ++j)
      if (points[j].seconds > points[i].seconds)
        slopes.push_back((points[j].bytes - points[i].bytes) /
                         (points[j].seconds - points[i].seconds));
  std::sort(slopes.begin(), slopes.end());
  return slopes;
}

double median_of_sorted(const std::vector<double>& values) {
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Of neighbours, once the slope is taken away; 0 where nothing varies. Short series make it look
/// smaller than it is, by about (1 + 4 rho) / n (Kendall, Biometrika 41, 1954), and more by the
/// slope.
double autocorrelation(const Points& points, double slope) {
  std::vector<double> rest;
  double mean = 0;
  for (const MemoryPoint& point : points) rest.push_back(point.bytes - slope * point.seconds);
  for (const double each : rest) mean += each / static_cast<double>(rest.size());
  double together = 0;
  double alone = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    alone += (rest[i] - mean) * (rest[i] - mean);
    if (i > 0) together += (rest[i] - mean) * (rest[i - 1] - mean);
  }
  if (alone <= 0) return 0;
  const auto n = static_cast<double>(points.size());
  const double seen = together / alone;
  return std::clamp((seen * n + 2) / (n - 4), 0.0, 0.9);
}

struct Slope {
  double slope = 0, low = 0, high = 0;  // bytes a second
};

/// Of the variance of Kendall's S, (n (n - 1) (2 n + 5)) / 18, widened. An interval wider than all
/// slopes goes beyond them by the same measure.
Slope slope_of(const Points& points, double dependence) {
  const std::vector<double> slopes = pairwise_slopes(points);
  Slope result{median_of_sorted(slopes)};
  const auto n = static_cast<double>(points.size());
  const double widened = (1 + dependence) / (1 - dependence);
  const double deviation = std::sqrt(n * (n - 1) * (2 * n + 5) / 18 * widened);
  const auto count = static_cast<double>(slopes.size());
  const double reach = normal_975 * deviation;
  const double beyond = std::max(1.0, reach / (count - 1));
  const auto rank = [&](double place) {
    return slopes[static_cast<std::size_t>(std::clamp(place, 0.0, count - 1))];
  };
  const double low = rank(std::floor((count - reach) / 2) - 1);
  const double high = rank(std::ceil((count + reach) / 2));
  result.low = result.slope - (result.slope - low) * beyond;
  result.high = result.slope + (high - result.slope) * beyond;
  return result;
}

Slope robust_slope(std::span<const MemoryPoint> points) {
  Points blocks = block_means(points, std::min(points.size(), blocks_wanted));
  double dependence = autocorrelation(blocks, median_of_sorted(pairwise_slopes(blocks)));
  if (dependence > 0.3) {
    blocks = block_means(points, std::min(points.size(), blocks_of_dependent));
    dependence = std::max(dependence / 2,
                          autocorrelation(blocks, median_of_sorted(pairwise_slopes(blocks))));
  }
  return slope_of(blocks, dependence);
}

}  // namespace

LeakRate estimate_leak(std::span<const MemoryPoint> points, const LeakRules& rules) {
  LeakRate result;
  if (points.size() >= 2)
    result.length = std::chrono::round<nanoseconds>(
        std::chrono::duration<double>(points.back().seconds - points.front().seconds));
  if (points.size() < fewest_points || result.length <= nanoseconds{0}) {
    result.explanation = "too few samples";
    return result;
  }
  const Slope slope = robust_slope(points);
  result.rate = slope.slope * megabytes_per_hour;
  result.low = slope.low * megabytes_per_hour;
  result.high = slope.high * megabytes_per_hour;
  if (result.length < rules.shortest) {
    result.explanation = "measured for too short a time";
  } else if (*result.high < rules.harmful) {
    result.finding = LeakFinding::flat;
  } else if (*result.low <= 0 || *result.rate < rules.harmful) {
    result.explanation = "the interval is too wide";
  } else {
    result.finding = LeakFinding::leaks;
  }
  return result;
}

}  // namespace squall::coordinator
