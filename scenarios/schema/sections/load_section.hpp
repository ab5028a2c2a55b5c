#pragma once
// [users], [arrivals] or [trace]: who asks, and when.

#include "scenarios/schema/scenario.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::scenarios {

/// `root` is the file's outermost table. Exactly one of the three must be there.
void read_load(const DocumentNode& root, Load& load, Mistakes& mistakes);

/// Notes what only the load and the phases together make a mistake.
void check_load(const DocumentNode& root, const Scenario& scenario, Mistakes& mistakes);

}  // namespace squall::scenarios
