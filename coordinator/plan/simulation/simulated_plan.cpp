#include "coordinator/plan/simulation/simulated_plan.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "coordinator/fleet/fleet_goal.hpp"
#include "coordinator/fleet/output/fleet_prediction.hpp"
#include "coordinator/plan/search/slo_excess.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "scenarios/schema/scenario_setting.hpp"

namespace squall::coordinator {

namespace {

using scenarios::Scenario;

constexpr std::size_t most_loads = 8;
constexpr double farther = 4;  // than machines that add up would take: no more is looked at

Scenario with_load(const Scenario& scenario, double load, LoadKind kind) {
  return kind == LoadKind::users ? with_users(scenario, load) : with_rate(scenario, load);
}

std::optional<double> figure(const std::map<std::string, double>& figures, const char* name) {
  const auto found = figures.find(name);
  return found == figures.end() ? std::nullopt : std::optional(found->second);
}

/// Of each load the longest run; of many loads those that are spread evenly.
std::vector<const LoadProbe*> probes_to_predict(const CapacityPlan& plan) {
  std::map<double, const LoadProbe*> by_load;
  for (const auto& probe : plan.probes) {
    if (!probe.usable()) continue;
    const LoadProbe*& known = by_load[probe.load];
    if (known == nullptr || probe.window > known->window) known = &probe;
  }
  std::vector<const LoadProbe*> all, some;
  for (const auto& each : by_load) all.push_back(each.second);
  if (all.size() <= most_loads) return all;
  for (std::size_t i = 0; i < most_loads; ++i)
    some.push_back(all[i * (all.size() - 1) / (most_loads - 1)]);
  return some;
}

std::vector<SimulatedLoad> predict_loads(const CapacityPlan& plan, const Scenario& scenario,
                                         const FleetOptions& options,
                                         const std::function<void(const std::string&)>& told) {
  std::vector<SimulatedLoad> loads;
  for (const LoadProbe* probe : probes_to_predict(plan)) {
    const auto result = simulate_fleet(with_load(scenario, probe->load, plan.kind), options);
    const auto figures = predicted_figures(result);
    loads.push_back({probe->load, probe->tokens_per_second, figure(figures, "tokens_per_second"),
                     probe->ttft_p95, figure(figures, "ttft_p95")});
    if (told) told("simulated " + readable_load(probe->load, plan.kind));
  }
  return loads;
}

}  // namespace

SimulatedPlan simulate_plan(const CapacityPlan& plan, const CapacityFindings& findings,
                            const PlanQuestions& questions, const LawFile& law,
                            const std::string& law_file,
                            const std::function<void(const std::string&)>& told) {
  const std::string text = scenarios::with_settings(plan.scenario_text, plan.settings);
  Scenario scenario = scenarios::parse_scenario(text, plan.scenario_file);
  std::erase_if(scenario.thresholds, [](const auto& each) { return !limits_load(each); });
  SimulatedPlan simulated;
  simulated.law_file = law_file;
  simulated.model = law.law.model;
  simulated.synthetic_weights = law.law.synthetic_weights;
  FleetOptions options;
  options.machines.push_back({plan.machine_kind, law_for(scenario, law.law), plan.machines});
  options.seed = plan.seed;
  simulated.loads = predict_loads(plan, scenario, options, told);
  simulated.wanted = questions.wanted ? questions.wanted : questions.peak;
  if (!simulated.wanted || findings.planning_load <= 0 || scenario.thresholds.empty())
    return simulated;
  const double each = findings.planning_load / plan.machines;
  simulated.looked_at =
      static_cast<std::uint32_t>(std::min(1e5, std::ceil(*simulated.wanted / each * farther) + 16));
  const auto needed = machines_for(
      with_load(scenario, *simulated.wanted, plan.kind), options, simulated.looked_at,
      [&](const FleetResult& result) { return meets(judge_fleet(result, scenario.thresholds)); },
      [&](const FleetProbe& probe) {
        if (told)
          told("simulated " + plural(probe.machines, "machine") +
               (probe.enough ? ": enough" : ": too few"));
      });
  simulated.machines = needed.machines;
  return simulated;
}

}  // namespace squall::coordinator
