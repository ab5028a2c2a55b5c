#include "coordinator/fleet/step_fit.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "coordinator/fleet/non_negative_fit.hpp"

namespace squall::coordinator {

namespace {

constexpr std::size_t fewest_steps = 8;
constexpr double shortest_step = 1e-9;  // seconds: no step takes no time, whatever a fit says

/// Where the cost of a row may change: powers of two that measured steps have rows behind.
std::vector<std::uint32_t> knots_of(std::span<const MeasuredStep> steps) {
  std::vector<std::uint32_t> knots;
  for (std::uint32_t from = 1; from < (1U << 20); from *= 2) {
    const bool measured = std::ranges::any_of(steps, [from](const MeasuredStep& step) {
      return step.work.rows() > from && step.work.rows() <= 2 * from;
    });
    if (measured) knots.push_back(from);
  }
  if (!knots.empty()) knots.front() = 1;
  return knots;
}

/// What the law's costs are multiplied with: per_step, per_token, per_decode_position,
/// per_prompt_position, then each piece of rows.
std::vector<double> counts_of(const StepWork& work, const std::vector<std::uint32_t>& knots) {
  std::vector<double> counts{1, static_cast<double>(work.yields()), work.decode_positions,
                             work.prompt_positions};
  for (std::size_t i = 0; i < knots.size(); ++i) {
    const std::uint32_t end =
        i + 1 < knots.size() ? std::min(work.rows(), knots[i + 1]) : work.rows();
    counts.push_back(end > knots[i] ? end - knots[i] : 0);
  }
  return counts;
}

double percentile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  const auto rank =
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size()) * (1 - 1e-12)));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

EngineLaw fit_law(std::span<const MeasuredStep> steps, EngineLaw known) {
  if (steps.size() < fewest_steps)
    throw FitError("a law takes at least " + std::to_string(fewest_steps) +
                   " different measured steps; there are " + std::to_string(steps.size()) +
                   " (squall model bench MODEL --steps FILE measures enough)");
  const auto knots = knots_of(steps);
  std::vector<std::vector<double>> rows;
  for (const MeasuredStep& step : steps) {
    if (!(step.seconds > 0)) throw FitError("a measured step took no time; measure it again");
    // Divided by the time: errors count in proportion, so that short steps are told as well as
    // long ones.
    auto& row = rows.emplace_back(counts_of(step.work, knots));
    for (double& count : row) count /= step.seconds;
  }
  const auto costs = non_negative_least_squares(rows, std::vector<double>(steps.size(), 1));
  known.per_step = std::max(costs[0], shortest_step);
  known.per_token = costs[1];
  known.per_decode_position = costs[2];
  known.per_prompt_position = costs[3];
  known.rows.clear();
  for (std::size_t i = 0; i < knots.size(); ++i) known.rows.push_back({knots[i], costs[4 + i]});
  return known;
}

FitResiduals residuals(std::span<const MeasuredStep> steps, const EngineLaw& law) {
  FitResiduals found;
  std::vector<double> sizes, spreads;
  for (const MeasuredStep& step : steps) {
    found.relative.push_back(law.seconds(step.work) / step.seconds - 1);
    sizes.push_back(std::abs(found.relative.back()));
    spreads.push_back((step.highest - step.lowest) / step.seconds);
  }
  if (sizes.empty()) return found;
  found.median = percentile(sizes, 0.5);
  found.p95 = percentile(sizes, 0.95);
  found.largest = percentile(sizes, 1);
  found.spread = percentile(spreads, 0.5);
  return found;
}

}  // namespace squall::coordinator
