#pragma once
// Keys of a [target] of kind "engine": which model, and how the embedded engine runs it.

#include "scenarios/schema/scenario.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::scenarios {

void read_engine_keys(const TableReader& reader, TargetSettings& target);

}  // namespace squall::scenarios
