#include "coordinator/plan/search/load_stability.hpp"

#include <algorithm>
#include <cmath>

#include "scenarios/load/portable_math.hpp"

namespace squall::coordinator {

namespace {

constexpr std::size_t fewest_values = 8;
constexpr double unstable_p = 0.01;
constexpr double most_correlated = 0.98;
constexpr double fewest_degrees = 3;
constexpr std::size_t fewest_stretches = 4;
constexpr double most_inflation = 100;

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// Of neighbouring residuals, after a line was fitted to `n` values: biased down by about
/// (2 + 4r)/n.
double correlation_of(const std::vector<double>& residuals) {
  double product = 0, square = 0;
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    square += residuals[i] * residuals[i];
    if (i > 0) product += residuals[i] * residuals[i - 1];
  }
  if (square <= 0) return 0;
  const double raw = product / square;
  const auto n = static_cast<double>(residuals.size());
  return std::clamp(raw + (2 + 4 * std::max(raw, 0.0)) / n, 0.0, most_correlated);
}

}  // namespace

double student_above(double t, double degrees) {
  const double z =
      std::sqrt(degrees * std::log1p(t * t / degrees)) * (8 * degrees + 1) / (8 * degrees + 3);
  return scenarios::normal_share_below(t > 0 ? -z : z);
}

Stability stability_of(const std::vector<double>& in_flight, double spacing) {
  Stability result;
  if (in_flight.size() < fewest_values) return result;
  result.asked = true;
  const auto n = static_cast<double>(in_flight.size());
  const double middle = (n - 1) / 2, mean = mean_of(in_flight);
  double across = 0, together = 0;
  for (std::size_t i = 0; i < in_flight.size(); ++i) {
    const double x = static_cast<double>(i) - middle;
    across += x * x;
    together += x * (in_flight[i] - mean);
  }
  const double slope = together / across;
  std::vector<double> residuals;
  double square = 0;
  for (std::size_t i = 0; i < in_flight.size(); ++i) {
    residuals.push_back(in_flight[i] - mean - slope * (static_cast<double>(i) - middle));
    square += residuals.back() * residuals.back();
  }
  result.slope = slope / spacing;
  if (square <= 0) {  // a line without any noise
    result.p = slope > 0 ? 0 : 1;
  } else {
    const double r = correlation_of(residuals);
    const double worth = n * (1 - r) / (1 + r);
    const double error = std::sqrt(square / (n - 2) / across * (n / worth));
    result.p = student_above(slope / error, std::max(worth - 2, fewest_degrees));
  }
  result.unstable = slope > 0 && result.p < unstable_p;
  return result;
}

double variance_inflation(const std::vector<StretchShare>& stretches) {
  double samples = 0, violations = 0;
  std::size_t used = 0;
  for (const auto& each : stretches) {
    if (each.samples <= 0) continue;
    samples += each.samples;
    violations += each.samples * each.share;
    ++used;
  }
  if (used < fewest_stretches) return 1;
  const double share = violations / samples;
  if (share <= 0 || share >= 1) return 1;
  // Pearson's statistic over its degrees of freedom: 1 where stretches scatter as chance would.
  double sum = 0;
  for (const auto& each : stretches)
    if (each.samples > 0)
      sum += each.samples * (each.share - share) * (each.share - share) / (share * (1 - share));
  return std::clamp(sum / static_cast<double>(used - 1), 1.0, most_inflation);
}

}  // namespace squall::coordinator
