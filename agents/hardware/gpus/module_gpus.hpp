#pragma once
// GPUs as the modules know them that compute there: matched with what was told of the machine's
// GPUs, and measured.

#include <vector>

#include "agents/hardware/ceilings.hpp"
#include "kernels/gpu_module.hpp"
#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::agents {

/// A device that can be measured, and its place among the machine's GPUs.
struct MatchedGpu {
  std::size_t gpu = 0;
  kernels::GpuModule* module = nullptr;
  int device = 0;
  bool emulated = false;
};

/// Each usable device once: by its address on the PCI bus where both sides tell it, else the next
/// of its maker with its name, else the next of its maker without a name of its own. What is not
/// told of it yet is filled in; a device that nobody told of is added. An emulated one is told of,
/// with "emulation" as its maker, but not returned: what it does a second means nothing.
std::vector<MatchedGpu> match_gpus(const std::vector<kernels::FoundGpu>& found,
                                   std::vector<scenarios::GpuFacts>& gpus);

/// Of each; 0 where a device fails, or has too little memory free.
std::vector<GpuCeiling> measure_gpus(const std::vector<MatchedGpu>& gpus);

/// Writes the ceilings into the facts.
void tell_ceilings(const std::vector<GpuCeiling>& ceilings, std::vector<scenarios::GpuFacts>& gpus);

}  // namespace squall::agents
