#pragma once
// What agents told of the machines that they are on, where more than one unit asks for it. Plain.

#include <compare>
#include <string>
#include <vector>

#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

/// Logical processors that a container or an affinity leaves the agent; 0: no limit, or not told.
double cpu_limit_of(const AgentRecord& agent);

/// One fingerprint over all machines, whatever they are called; empty unless every agent told of
/// its own.
std::string fingerprint_of_machines(const std::vector<AgentRecord>& agents);

/// What computes for an embedded engine, and what engines of one host may share.
struct ComputingDevice {
  std::string host;
  std::string gpu;  // its address, else what the engine calls it; empty: the processors

  friend auto operator<=>(const ComputingDevice&, const ComputingDevice&) = default;
};
ComputingDevice device_of(const AgentRecord& agent);

}  // namespace squall::coordinator
