#pragma once
// /proc/cpuinfo as blocks of named values; x86 and ARM write different names into it.

#include <map>
#include <string>
#include <vector>

#include "agents/hardware/probe/machine_files.hpp"

namespace squall::agents {

struct CpuInfo {
  using Values = std::map<std::string, std::string, std::less<>>;
  std::vector<Values> processors;  // each logical processor
  Values machine;                  // what stands outside of them: "Hardware"
};

CpuInfo read_cpuinfo(const MachineFiles& files);

/// How people call the processor. ARM writes numbers of makers and parts: "Cortex-A76 x 4".
std::string processor_name(const CpuInfo& info, const MachineFiles& files);

}  // namespace squall::agents
