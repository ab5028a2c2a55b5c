#pragma once
// A plan beside a simulation of the same machines: what the model of queue and batching predicts at
// the loads that were measured, and how many machines it thinks the load that is wanted takes.
// Everything here is simulated, and said so wherever it is shown.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/fleet/law_file.hpp"
#include "coordinator/plan/answers/capacity_answers.hpp"

namespace squall::coordinator {

/// One load, measured and predicted.
struct SimulatedLoad {
  double load = 0;
  std::optional<double> measured_tokens{}, predicted_tokens{};  // a second
  std::optional<double> measured_ttft{}, predicted_ttft{};      // p95, seconds
};

struct SimulatedPlan {
  std::string law_file, model;
  bool synthetic_weights = false;
  std::vector<SimulatedLoad> loads{};       // by load
  std::optional<double> wanted{};           // the load that machines are counted for
  std::optional<std::uint32_t> machines{};  // that meet the limits, spares not counted
  std::uint32_t looked_at = 0;              // at most so many
};

/// `told`: one line for each simulation, for progress; may be empty. Throws FleetError for what
/// cannot be simulated.
SimulatedPlan simulate_plan(const CapacityPlan& plan, const CapacityFindings& findings,
                            const PlanQuestions& questions, const LawFile& law,
                            const std::string& law_file,
                            const std::function<void(const std::string&)>& told = {});

}  // namespace squall::coordinator
