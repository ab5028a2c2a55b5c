#pragma once
// Keys of a [target] of kind "openai": a server, how to reach it and how to speak to it. A secret
// never stands in a scenario: it would be stored with every run and shown in reports.

#include "scenarios/schema/scenario.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::scenarios {

void read_server_keys(const TableReader& reader, TargetSettings& target);

}  // namespace squall::scenarios
