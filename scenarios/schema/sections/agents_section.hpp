#pragma once
// The table [agents]: who takes part, with which share of the load, and what a run survives.

#include "scenarios/schema/scenario.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::scenarios {

void read_agents(const TableReader& reader, AgentRules& agents);

}  // namespace squall::scenarios
