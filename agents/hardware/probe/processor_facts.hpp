#pragma once
// The processor, its cores and caches, from /proc/cpuinfo and /sys/devices/system/cpu.

#include <optional>
#include <string>

#include "agents/hardware/probe/machine_files.hpp"
#include "kernels/cpu/cpu_features.hpp"
#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::agents {

/// Fills processor, sockets, cores, threads, kinds of cores, instruction sets, caches, governor.
/// `features`: of the processor that this program runs on; none: cpuinfo is asked instead.
void read_processor(const MachineFiles& files, const std::optional<kernels::CpuFeatures>& features,
                    scenarios::HardwareFacts& facts);

/// Logical processors that are switched on; empty: not known.
std::vector<int> online_processors(const MachineFiles& files);

/// The flags of x86, the features of ARM, each between spaces: " fpu vme … ".
std::string processor_flags(const MachineFiles& files);

}  // namespace squall::agents
