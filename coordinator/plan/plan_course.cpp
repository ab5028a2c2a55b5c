#include "coordinator/plan/plan_course.hpp"

#include <algorithm>
#include <cmath>

#include "coordinator/plan/capacity_findings.hpp"
#include "coordinator/plan/law/scaling_law.hpp"

namespace squall::coordinator {

namespace {

using Finding = CapacityEstimate::Finding;

std::size_t count_of(const CapacityPlan& plan, ProbeRole role) {
  return static_cast<std::size_t>(std::ranges::count(plan.probes, role, &LoadProbe::role));
}

bool is_known(const CapacityEstimate& estimate) {
  return estimate.finding == Finding::found || estimate.finding == Finding::imprecise ||
         estimate.finding == Finding::at_least || estimate.finding == Finding::tool_limit;
}

/// Where the law is fitted: the probes' loads, whatever N they came to.
std::size_t different_loads(const CapacityPlan& plan) {
  std::vector<LevelPoint> points;
  for (const auto& probe : plan.probes)
    if (probe.usable()) points.push_back({probe.load, 1});
  return levels_of(points);
}

double place(const CapacityPlan& plan, double load) {
  const double within = std::clamp(load, plan.rules.lowest, plan.rules.highest);
  return plan.rules.whole ? std::max(1.0, std::round(within)) : within;
}

std::optional<PlannedProbe> next_search(const CapacityPlan& plan, const CapacitySearch& search) {
  const auto load = search.next();
  if (!load) return std::nullopt;
  return PlannedProbe{ProbeRole::search, *load, plan.measure * search.stretch(),
                      "probe " + std::to_string(search.probed() + 1) + " of at most " +
                          std::to_string(plan.rules.at_most)};
}

/// The last soak at the load that the answer, as it is now, wants confirmed.
const LoadProbe* soak_at(const CapacityPlan& plan, double load) {
  for (auto probe = plan.probes.rbegin(); probe != plan.probes.rend(); ++probe)
    if (probe->role == ProbeRole::soak && std::abs(probe->load / load - 1) < 0.01) return &*probe;
  return nullptr;
}

std::optional<PlannedProbe> next_soak(const CapacityPlan& plan, const CapacityEstimate& estimate) {
  const std::size_t soaks = count_of(plan, ProbeRole::soak);
  if (soaks >= most_soaks) return std::nullopt;
  const double load = soak_load(estimate.capacity, plan.rules.whole);
  const LoadProbe* const last = soak_at(plan, load);
  if (last != nullptr && last->judgement == ProbeJudgement::pass) return std::nullopt;
  double seconds = soak_length(plan, estimate);
  // What was undecided is run for longer: otherwise it would be undecided again.
  if (last != nullptr && last->judgement == ProbeJudgement::undecided)
    seconds = std::max(seconds, last->window * 2);
  return PlannedProbe{
      ProbeRole::soak, load, seconds,
      "soak " + std::to_string(soaks + 1) + " of at most " + std::to_string(most_soaks)};
}

}  // namespace

CapacitySearch search_of(const CapacityPlan& plan) {
  CapacitySearch search(plan.rules);
  for (const auto& probe : plan.probes) search.took(probe);
  return search;
}

double soak_length(const CapacityPlan& plan, const CapacityEstimate& estimate) {
  double seconds = std::max(plan.soak_seconds, plan.measure * 3);
  if (plan.soak_seconds > 0 || estimate.steepness <= 0) return seconds;
  // The probe nearest to the answer tells what a second is worth.
  const LoadProbe* nearest = nullptr;
  for (const auto& probe : plan.probes) {
    if (!probe.usable() || !probe.excess || probe.window <= 0 || probe.answers == 0) continue;
    if (nearest == nullptr || std::abs(std::log(probe.load / estimate.capacity)) <
                                  std::abs(std::log(nearest->load / estimate.capacity)))
      nearest = &probe;
  }
  if (nearest == nullptr) return seconds;
  // Below the limit by so many log odds; early stopping wants 2.33 standard errors of it.
  const double below = estimate.steepness * -std::log(soak_share);
  const double wanted = below / 2.33 / 1.5;
  const double times = nearest->excess->error / wanted;
  return std::min(std::max(seconds, nearest->window * times * times), plan.measure * 10);
}

std::optional<double> missing_level(const CapacityPlan& plan, double capacity) {
  // From well below to past the knee, on a scale of logarithms where the knee is approached.
  constexpr double wanted[] = {0.25, 0.5, 0.75, 1.25, 1.5, 2, 0.125, 2.5, 3};
  std::vector<LevelPoint> points;
  for (const auto& probe : plan.probes)
    if (probe.usable() && probe.requests_per_second)
      points.push_back({probe.load, *probe.requests_per_second});
  const bool enough = different_loads(plan) >= fewest_levels && past_the_knee(points);
  if (enough) return std::nullopt;
  for (const double share : wanted) {
    const double load = place(plan, capacity * share);
    const bool there = std::ranges::any_of(plan.probes, [&](const LoadProbe& probe) {
      return std::abs(std::log(probe.load / load)) < 0.1;
    });
    const bool beyond = share > 1;
    const bool needed = beyond ? !past_the_knee(points) || different_loads(plan) < fewest_levels
                               : different_loads(plan) < fewest_levels;
    if (!there && needed) return load;
  }
  return std::nullopt;
}

std::optional<PlannedProbe> next_probe(const CapacityPlan& plan) {
  const CapacitySearch search = search_of(plan);
  if (auto probe = next_search(plan, search)) return probe;
  const CapacityEstimate estimate = search.estimate();
  if (!is_known(estimate)) return std::nullopt;
  // The answer is confirmed before the law is given more points: it is what was asked for.
  if (auto probe = next_soak(plan, estimate)) return probe;
  const std::size_t levels = count_of(plan, ProbeRole::level);
  if (!plan.with_levels || levels >= most_levels) return std::nullopt;
  const auto load = missing_level(plan, estimate.capacity);
  if (!load) return std::nullopt;
  return PlannedProbe{
      ProbeRole::level, *load, plan.measure,
      "level " + std::to_string(levels + 1) + " of at most " + std::to_string(most_levels)};
}

}  // namespace squall::coordinator
