#pragma once
// What agents told of the machines that they are on, where more than one unit asks for it. Plain.

#include <string>
#include <vector>

#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

/// Logical processors that a container or an affinity leaves the agent; 0: no limit, or not told.
double cpu_limit_of(const AgentRecord& agent);

/// One fingerprint over all machines, whatever they are called; empty unless every agent told of
/// its own.
std::string fingerprint_of_machines(const std::vector<AgentRecord>& agents);

}  // namespace squall::coordinator
