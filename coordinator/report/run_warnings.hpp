#pragma once
// What the agents warned of while they prepared, told once for all that said the same: such as a
// synthetic model that stands in for the real one.

#include <string>
#include <vector>

#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

/// One sentence each, in the order in which they were first said; texts of agents are not yet safe
/// to print.
std::vector<std::string> run_warnings(const std::vector<const AgentRecord*>& agents);

}  // namespace squall::coordinator
