#pragma once
// From a wish for a device to backends: picks the GPU, decides which layers fit, falls back to the
// CPU where the wish allows it, and says so.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agents/engine/devices/device_wishes.hpp"
#include "agents/engine/devices/engine_backends.hpp"
#include "agents/engine/devices/placement.hpp"
#include "agents/engine/model/model.hpp"
#include "kernels/gpu_module.hpp"

namespace squall::agents {

/// Where backends come from; neither is called without need.
struct DeviceSources {
  std::function<std::unique_ptr<kernels::Backend>()> make_cpu;
  std::function<kernels::GpuSearch()> find_gpus;
};

/// Calls `build` with backends for all layers of the model, and again with one layer fewer on the
/// GPU each time that it throws DeviceOutOfMemory; in the end, unless a GPU is required, with
/// the CPU alone. Returns warnings: where the wishes were not met, and where nothing real computes.
/// Throws DeviceUnavailable, and what `build` and the sources throw otherwise.
std::vector<std::string> build_on_device(const Model& model, const DeviceWishes& wishes,
                                         const DeviceDemand& demand, const DeviceSources& sources,
                                         const std::function<void(EngineBackends)>& build);

}  // namespace squall::agents
