#pragma once
// Reads what a run must achieve: thresholds, slo and [adaptive].

#include "scenarios/schema/scenario.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::scenarios {

void read_thresholds(const DocumentNode& root, Scenario& scenario, Mistakes& mistakes);

}  // namespace squall::scenarios
