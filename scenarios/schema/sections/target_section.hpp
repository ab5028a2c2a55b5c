#pragma once
// [target]: what answers the requests, and what stands before it.

#include "scenarios/schema/scenario.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::scenarios {

/// Keys that do not belong to the target's kind are mistakes.
void read_target(const TableReader& reader, TargetSettings& target);

}  // namespace squall::scenarios
