#pragma once
// What this process may use of the machine: cgroups (version 2, and 1 where that is mounted) and
// the processors it may run on.

#include <cstdint>

#include "agents/hardware/probe/machine_files.hpp"

namespace squall::agents {

struct ContainerLimits {
  double processors = 0;           // 0.5: half of one; 0: no limit
  std::uint64_t memory_bytes = 0;  // 0: no limit
};

/// The tightest of this process's own group and those above it, as far as they can be seen.
/// `online`: processors of the machine; `memory_bytes`: its memory, above which a limit is none.
ContainerLimits container_limits(const MachineFiles& files, const std::vector<int>& online,
                                 std::uint64_t memory_bytes);

}  // namespace squall::agents
