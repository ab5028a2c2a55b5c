#pragma once
// What a simulation of the planned machines says, beside what was measured.

#include "coordinator/plan/output/plan_document.hpp"

namespace squall::coordinator {

DocumentSection simulation_section(const CapacityPlan& plan, const SimulatedPlan& simulated,
                                   const PlanQuestions& questions);

}  // namespace squall::coordinator
