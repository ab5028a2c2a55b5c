#pragma once
// What a maker's management library tells of its GPUs: facts once, gauges again and again.
//
// One thread at a time. What a GPU does not tell is absent or 0.

#include <memory>
#include <string>
#include <vector>

#include "actors/metrics/resource_sample.hpp"
#include "agents/hardware/probe/machine_files.hpp"
#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::agents {

class GpuDriver {
 public:
  virtual ~GpuDriver() = default;
  virtual std::vector<scenarios::GpuFacts> facts() const = 0;
  /// As they are now, in the order of facts().
  virtual std::vector<actors::GpuSample> sample() const = 0;
};

/// NVIDIA's, by its library NVML. Null where there is no such library, or no GPU of theirs.
std::unique_ptr<GpuDriver> open_nvml(const std::string& library);

/// AMD's, by the library of ROCm SMI; what that does not tell is read from `files`.
std::unique_ptr<GpuDriver> open_rocm_smi(const std::string& library, const MachineFiles& files);

}  // namespace squall::agents
