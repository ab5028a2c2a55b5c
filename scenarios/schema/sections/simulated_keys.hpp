#pragma once
// Keys of a [target] of kind "simulated": the law of its service times.

#include "scenarios/schema/scenario.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::scenarios {

void read_simulated_keys(const TableReader& reader, SimulatedSettings& simulated);

}  // namespace squall::scenarios
