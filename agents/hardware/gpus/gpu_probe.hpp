#pragma once
// All GPUs of a machine: by their makers' libraries where these are, else by what the kernel tells.

#include <memory>
#include <string>
#include <vector>

#include "agents/hardware/gpus/gpu_driver.hpp"

namespace squall::agents {

/// By which names the makers' libraries are looked for; the first that can be loaded serves.
struct GpuLibraries {
  std::vector<std::string> nvml{"libnvidia-ml.so.1"};
  std::vector<std::string> rocm_smi{"librocm_smi64.so.7", "librocm_smi64.so.6",
                                    "librocm_smi64.so.5", "librocm_smi64.so.1",
                                    "librocm_smi64.so",   "/opt/rocm/lib/librocm_smi64.so"};
};

/// NVIDIA's before AMD's; none on a machine without GPUs or without their libraries. For samples
/// that go on, keep them: opening one may take long.
std::vector<std::unique_ptr<GpuDriver>> open_gpu_drivers(const MachineFiles& files,
                                                         const GpuLibraries& libraries);

/// Those of the libraries, then those of makers whose library is not there, by /sys/class/drm.
std::vector<scenarios::GpuFacts> probe_gpus(const MachineFiles& files,
                                            const GpuLibraries& libraries);

}  // namespace squall::agents
