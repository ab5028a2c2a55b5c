#pragma once
// A capacity plan as JSON, schema "squall-plan/1": what was asked, all probes, the findings and the
// answers. Read back, only what was asked and the probes count: the rest follows from them.

#include <optional>
#include <stdexcept>
#include <string>

#include "coordinator/plan/answers/capacity_answers.hpp"
#include "coordinator/plan/capacity_plan.hpp"
#include "coordinator/plan/simulation/simulated_plan.hpp"

namespace squall::coordinator {

/// Not a plan's file. The message says what to do.
struct PlanUnreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `simulated`: none was asked.
std::string json_plan(const CapacityPlan& plan, const PlanQuestions& questions,
                      const std::optional<SimulatedPlan>& simulated = {});

/// Throws PlanUnreadable.
CapacityPlan plan_of_json(const std::string& text);

}  // namespace squall::coordinator
