#include "coordinator/plan/search/capacity_belief.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

namespace squall::coordinator {

namespace {

constexpr std::size_t coarse_grid = 160, fine_grid = 240;
constexpr std::size_t steepness_count = 12;
constexpr double least_steep = 1.5, steepest = 400;
/// Measured errors may be too small by these factors: requests of one run follow each other.
constexpr std::array<double, 3> error_factors{1, 1.5, 2.2};
constexpr std::array<double, 3> factor_weights{0.5, 0.3, 0.2};
constexpr double bend = 0.3;           // of the distance from 0, as a standard deviation
constexpr double error_floor = 0.1;    // no probe is more exact than this
constexpr double sign_lapse = 0.02;    // share of bare signs that may be either
constexpr double figure_lapse = 0.03;  // share of figures that may be anything …
constexpr double lapse_width = 4;      // … as widely as this
constexpr double beyond_lapse = 0.002;
constexpr double sign_width = 0.7;  // of a bare sign: how near to 0 it becomes chance

double normal_share_below(double x) { return 0.5 * std::erfc(-x * 0.70710678118654752); }

double density(double distance, double deviation) {
  const double z = distance / deviation;
  return std::exp(-z * z / 2) / (deviation * 2.5066282746310002);
}

/// How likely what a probe showed is, `offset` being where the line is there.
double likelihood(const LoadEvidence& shown, double offset, double factor) {
  if (!shown.excess) {
    const double missed = normal_share_below(offset / sign_width);
    return sign_lapse / 2 + (1 - sign_lapse) * (shown.missed ? missed : 1 - missed);
  }
  const Excess& excess = *shown.excess;
  const double error = std::max(error_floor, excess.error * factor);
  const double deviation = std::sqrt(error * error + bend * bend * offset * offset);
  if (excess.beyond) {
    // The line may be anywhere further out.
    const double outward = (offset - excess.value) / deviation * (excess.value > 0 ? 1 : -1);
    return beyond_lapse / 2 + (1 - beyond_lapse) * normal_share_below(outward + 1);
  }
  return figure_lapse * density(excess.value, lapse_width) +
         (1 - figure_lapse) * density(excess.value - offset, deviation);
}

double steepness_at(std::size_t index) {
  const double share = static_cast<double>(index) / static_cast<double>(steepness_count - 1);
  return least_steep * std::exp(share * std::log(steepest / least_steep));
}

}  // namespace

CapacityBelief::CapacityBelief(const std::vector<LoadEvidence>& evidence, double lowest,
                               double highest) {
  assert(lowest > 0 && lowest < highest);
  const double from = std::log(lowest), to = std::log(highest);
  weigh(evidence, from, to, coarse_grid);
  // Once more, finely, where it may be.
  const double low = log_quantile(0.001), high = log_quantile(0.999);
  const double margin = std::max((high - low) * 0.3, (to - from) / coarse_grid);
  weigh(evidence, std::max(from, low - margin), std::min(to, high + margin), fine_grid);
}

void CapacityBelief::weigh(const std::vector<LoadEvidence>& evidence, double from, double to,
                           std::size_t grid) {
  places_.resize(grid);
  weights_.assign(grid, 0);
  std::vector<double> loads;
  for (const auto& each : evidence) loads.push_back(std::log(each.load));
  // No density is above `most`: what cannot come near the best any more is left out.
  constexpr double most = 4, negligible = 1e-9;
  std::vector<double> still(evidence.size() + 1, 1);
  for (std::size_t k = evidence.size(); k-- > 0;) still[k] = still[k + 1] * most;
  double best = 0;
  std::array<double, steepness_count> by_steepness{};
  const double step = (to - from) / static_cast<double>(grid);
  for (std::size_t i = 0; i < grid; ++i) {
    places_[i] = from + (static_cast<double>(i) + 0.5) * step;
    for (std::size_t s = 0; s < steepness_count; ++s) {
      const double steepness = steepness_at(s);
      for (std::size_t f = 0; f < error_factors.size(); ++f) {
        double together = factor_weights[f];
        for (std::size_t k = 0; k < evidence.size(); ++k) {
          if (together * still[k] < best * negligible) break;
          together *=
              likelihood(evidence[k], steepness * (loads[k] - places_[i]), error_factors[f]);
        }
        if (together < best * negligible) continue;
        best = std::max(best, together);
        weights_[i] += together;
        by_steepness[s] += together;
      }
    }
  }
  double sum = 0;
  for (const double weight : weights_) sum += weight;
  assert(sum > 0);
  for (double& weight : weights_) weight /= sum;
  double logarithm = 0;
  for (std::size_t s = 0; s < steepness_count; ++s)
    logarithm += by_steepness[s] / sum * std::log(steepness_at(s));
  steepness_ = std::exp(logarithm);
}

double CapacityBelief::log_quantile(double p) const {
  assert(p > 0 && p < 1);
  const double step = places_[1] - places_[0];
  double below = 0;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (below + weights_[i] >= p) {
      const double share = weights_[i] > 0 ? (p - below) / weights_[i] : 0.5;
      return places_[i] + (share - 0.5) * step;
    }
    below += weights_[i];
  }
  return places_.back();
}

double CapacityBelief::quantile(double p) const { return std::exp(log_quantile(p)); }

}  // namespace squall::coordinator
