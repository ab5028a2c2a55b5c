#pragma once
// Which cores are made for speed and which to save power, where a processor has both.

#include <cstdint>
#include <vector>

#include "agents/hardware/probe/machine_files.hpp"

namespace squall::agents {

/// Logical processors by the kind of their core; both empty: all are alike, or nothing tells.
struct CoreKinds {
  std::vector<int> performance, efficiency;
};

/// By Intel's devices cpu_core and cpu_atom; else by cpu_capacity (ARM), below 60 % of the largest;
/// else by the highest frequency, below 75 % of the highest of all.
CoreKinds core_kinds(const MachineFiles& files, const std::vector<int>& processors);

/// How many cores these processors are threads of; 0: not known.
std::uint32_t distinct_cores(const MachineFiles& files, const std::vector<int>& processors);

}  // namespace squall::agents
