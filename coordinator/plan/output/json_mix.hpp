#pragma once
// The answers for a fleet of several kinds of machines as JSON, schema "squall-fleet-plan/1".

#include <string>

#include "coordinator/plan/output/plan_document.hpp"

namespace squall::coordinator {

std::string json_mix(const MixedFleet& mix, const PlanQuestions& questions);

}  // namespace squall::coordinator
