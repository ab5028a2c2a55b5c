#include "coordinator/compare/percentile_curve.hpp"

#include <algorithm>
#include <cmath>

#include "coordinator/compare/rank_statistics.hpp"

namespace squall::coordinator {

namespace {

constexpr double last_place = 1e5;  // 1 / (1 - p) of p = 99.999 %

double place_of(std::size_t point) {
  return std::pow(last_place, static_cast<double>(point) / (curve_points - 1));
}

}  // namespace

double curve_percentile(std::size_t point) { return 100 * (1 - 1 / place_of(point)); }

std::vector<double> percentile_curve(const actors::Histogram& answered, std::uint64_t samples) {
  const auto n = static_cast<double>(std::max(samples, answered.count()));
  std::vector<double> curve;
  for (std::size_t point = 0; point < curve_points; ++point) {
    // Half a sample beyond 1 - 1 / n, so that the greatest value is on the curve.
    if (place_of(point) > 2 * n) break;
    const double share = 1 - 1 / place_of(point);
    const auto rank = static_cast<std::uint64_t>(std::max(1.0, std::ceil(share * n - 1e-9)));
    if (rank > answered.count()) break;
    curve.push_back(std::chrono::duration<double>(answered.value_at_rank(rank)).count());
  }
  return curve;
}

CurveSpread spread_of(const std::vector<const std::vector<double>*>& curves) {
  CurveSpread spread;
  std::size_t shortest = curves.empty() ? 0 : curve_points;
  for (const auto* curve : curves) shortest = std::min(shortest, curve->size());
  for (std::size_t point = 0; point < shortest; ++point) {
    std::vector<double> values;
    for (const auto* curve : curves) values.push_back((*curve)[point]);
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    spread.low.push_back(*low);
    spread.high.push_back(*high);
    spread.middle.push_back(median_of(values));
  }
  return spread;
}

}  // namespace squall::coordinator
