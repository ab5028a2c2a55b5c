#include "coordinator/fleet/fleet_goal.hpp"

#include <algorithm>
#include <cassert>
#include <variant>

#include "coordinator/run/metrics_timeline.hpp"

namespace squall::coordinator {

using scenarios::Metric;
using scenarios::Threshold;

namespace {

std::uint64_t failed(const FleetLedger& ledger) { return ledger.timed_out + ledger.refused; }

/// They were no faster than somebody's patience. What was still open when the drain was over had
/// waited long, too.
std::uint64_t unanswered_of(const FleetLedger& ledger) {
  return failed(ledger) + ledger.open_at_end + ledger.not_sent;
}

const actors::Histogram* durations_of(const FleetResult& result, Metric metric) {
  switch (metric) {
    case Metric::ttft:
    case Metric::ttft_service:
      return &result.ttft;
    case Metric::e2e:
    case Metric::e2e_service:
      return &result.e2e;
    case Metric::tpot:
      return &result.tpot;
    case Metric::queue:
      return &result.queue;
    default:
      return nullptr;
  }
}

void judge_duration(FleetGoal& goal, const FleetResult& result,
                    const actors::Histogram& durations) {
  if (goal.threshold.statistic == Threshold::Statistic::percentile) {
    const auto found = estimate(result, durations, goal.threshold.percentile);
    if (found.samples == 0) return;
    goal.predicted = in_seconds(found.value);
    goal.at_least = found.at_least;
    return;
  }
  if (durations.count() == 0) return;
  const bool mean = goal.threshold.statistic == Threshold::Statistic::mean;
  const auto unanswered = static_cast<double>(unanswered_of(result.measured));
  const double bound = in_seconds(result.unanswered_at_least);
  goal.at_least = unanswered > 0;
  if (mean) {
    goal.predicted = (in_seconds(durations.sum()) + unanswered * bound) /
                     (static_cast<double>(durations.count()) + unanswered);
  } else {
    goal.predicted = in_seconds(durations.maximum());
    if (goal.at_least) goal.predicted = std::max(*goal.predicted, bound);
  }
}

std::optional<double> value_of(const FleetResult& result, Metric metric) {
  const std::uint64_t ended = result.measured.completed + failed(result.measured);
  switch (metric) {
    case Metric::tokens_per_second:
      return result.tokens_per_second;
    case Metric::requests_per_second:
      return result.requests_per_second;
    case Metric::error_rate:
      if (ended == 0) return std::nullopt;
      return static_cast<double>(failed(result.measured)) / static_cast<double>(ended);
    default:
      return std::nullopt;
  }
}

FleetProbe look(const scenarios::Scenario& scenario, FleetOptions& options, std::uint32_t machines,
                const std::function<bool(const FleetResult&)>& enough,
                const std::shared_ptr<const scenarios::Trace>& trace) {
  options.machines.front().count = machines;
  FleetProbe probe{machines, false, simulate_fleet(scenario, options, trace)};
  probe.enough = enough(probe.result);
  return probe;
}

}  // namespace

actors::PercentileEstimate estimate(const FleetResult& result, const actors::Histogram& durations,
                                    double percentile) {
  return actors::estimate_percentile({.completed = &durations,
                                      .censored = unanswered_of(result.measured),
                                      .censored_at_least = result.unanswered_at_least},
                                     percentile);
}

std::vector<FleetGoal> judge_fleet(const FleetResult& result,
                                   const std::vector<Threshold>& thresholds) {
  std::vector<FleetGoal> goals;
  for (const Threshold& threshold : thresholds) {
    FleetGoal goal{.threshold = threshold, .predicted = std::nullopt};
    if (threshold.source == Threshold::Source::absolute) {
      if (const auto* durations = durations_of(result, threshold.metric)) {
        judge_duration(goal, result, *durations);
      } else {
        goal.predicted = value_of(result, threshold.metric);
      }
    }
    // "At least" so much is above no limit for certain, but never below one.
    goal.met = goal.predicted && threshold.holds(*goal.predicted) &&
               !(goal.at_least && threshold.is_upper());
    goals.push_back(std::move(goal));
  }
  return goals;
}

bool meets(const std::vector<FleetGoal>& goals) {
  const auto told = [](const FleetGoal& goal) { return goal.predicted.has_value(); };
  return std::ranges::any_of(goals, told) &&
         std::ranges::all_of(goals, [&](const FleetGoal& goal) { return !told(goal) || goal.met; });
}

MachinesNeeded machines_for(const scenarios::Scenario& scenario, FleetOptions options,
                            std::uint32_t most,
                            const std::function<bool(const FleetResult&)>& enough,
                            const std::function<void(const FleetProbe&)>& looked,
                            std::shared_ptr<const scenarios::Trace> trace) {
  assert(!options.machines.empty() && most >= 1);
  MachinesNeeded needed;
  const auto is_enough = [&](std::uint32_t machines) {
    needed.probes.push_back(look(scenario, options, machines, enough, trace));
    if (looked) looked(needed.probes.back());
    return needed.probes.back().enough;
  };
  std::uint32_t too_few = 0, tried = 1;
  while (!is_enough(tried)) {
    if (tried == most) return needed;
    too_few = tried;
    tried = std::min(2 * tried, most);
  }
  while (tried - too_few > 1) {
    const std::uint32_t middle = too_few + (tried - too_few) / 2;
    (is_enough(middle) ? tried : too_few) = middle;
  }
  needed.machines = tried;
  return needed;
}

scenarios::Scenario with_users(scenarios::Scenario scenario, double users) {
  auto* load = std::get_if<scenarios::ClosedUsers>(&scenario.load);
  if (load == nullptr)
    throw FleetError(
        "the scenario's load is arrivals, not users; ask for a rate, or give it [users]");
  load->count = scenarios::LoadShape::constant(users);
  return scenario;
}

scenarios::Scenario with_rate(scenarios::Scenario scenario, double arrivals_per_second) {
  auto* load = std::get_if<scenarios::OpenArrivals>(&scenario.load);
  if (load == nullptr)
    throw FleetError(
        "the scenario's load has no rate of arrivals; ask for users, or give it [arrivals]");
  load->rate = scenarios::LoadShape::constant(arrivals_per_second);
  return scenario;
}

}  // namespace squall::coordinator
