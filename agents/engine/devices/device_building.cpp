#include "agents/engine/devices/device_building.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

#include "agents/engine/devices/gpu_surroundings.hpp"

namespace squall::agents {

namespace {

using kernels::FoundGpu;

std::string name_of(Device device) {
  switch (device) {
    case Device::automatic:
      return "auto";
    case Device::cpu:
      return "cpu";
    case Device::gpu:
      return "gpu";
    case Device::hybrid:
      return "hybrid";
  }
  assert(false);
  return {};
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

std::string joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& each : sentences) text += (text.empty() ? "" : "; ") + each;
  return text;
}

/// Null, and the reason why.
const FoundGpu* chosen(const kernels::GpuSearch& search, std::optional<int> index,
                       std::string& reason) {
  for (const FoundGpu& gpu : search.usable) {
    if (!index || gpu.device.index == *index) return &gpu;
  }
  if (search.usable.empty()) {
    reason = joined(search.reasons);
    return nullptr;
  }
  reason = "there is no usable GPU " + std::to_string(*index) + "; there is";
  for (const FoundGpu& gpu : search.usable) {
    reason += " " + std::to_string(gpu.device.index) + " (" + gpu.device.name + ")";
  }
  return nullptr;
}

/// A tenth is left to the runtime and to others. Engines side by side get equal parts of the whole,
/// for some may have taken theirs when another asks what is free.
std::uint64_t memory_to_take(const DeviceWishes& wishes, const kernels::GpuDevice& device) {
  const std::uint64_t free = device.free_bytes > 0 ? device.free_bytes : device.memory_bytes;
  if (wishes.gpu_memory > 0) {
    return free > 0 ? std::min(wishes.gpu_memory, free) : wishes.gpu_memory;
  }
  const std::uint64_t whole = device.memory_bytes > 0 ? device.memory_bytes : free;
  return std::min(free / 10 * 9, whole / 10 * 9 / std::max<std::size_t>(1, wishes.sharers));
}

Placement placed(const Model& model, const DeviceDemand& demand, const kernels::Backend& backend,
                 std::uint64_t memory) {
  const std::uint64_t page_bytes =
      backend.kv_page_bytes({.format = demand.kv_format,
                             .kv_heads = model.shape.kv_heads,
                             .head_dimension = model.shape.head_dimension});
  const std::uint64_t pages = demand.kv_bytes > 0
                                  ? demand.kv_bytes / (page_bytes * model.layers.size())
                                  : demand.least_pages;
  return place_layers({.weights = weight_sizes(model),
                       .scratch = scratch_bytes(model.shape, demand.limits, memory),
                       .kv_layer_bytes = std::max<std::uint64_t>(1, pages) * page_bytes,
                       .memory = memory});
}

class GpuBuilding {
 public:
  GpuBuilding(const Model& model, const DeviceWishes& wishes, const DeviceSources& sources,
              const FoundGpu& gpu)
      : model_(model),
        wishes_(wishes),
        sources_(sources),
        gpu_(gpu),
        memory_(memory_to_take(wishes, gpu.device)) {}

  /// Why it cannot be; empty: it is built. One layer fewer each time bounds the attempts.
  std::string build(const DeviceDemand& demand, const std::function<void(EngineBackends)>& build) {
    std::optional<Placement> placement;
    try {
      for (;;) {
        auto backend =
            gpu_.module->make_backend({.device = gpu_.device.index, .memory_limit = memory_});
        if (!placement) placement = placed(model_, demand, *backend, memory_);
        refuse_if_too_few(placement->gpu_layers);
        if (placement->gpu_layers == 0) return too_small();
        gpu_layers_ = placement->gpu_layers;
        try {
          build(backends(*placement, std::move(backend)));
          return {};
        } catch (const kernels::DeviceOutOfMemory& error) {
          last_shortage_ = error.what();
          placement = less(*placement);
        }
      }
    } catch (const kernels::DeviceError& error) {
      return error.what();
    } catch (const kernels::DeviceOutOfMemory& error) {
      return error.what();
    }
  }

  std::vector<std::string> warnings() const {
    std::vector<std::string> all;
    if (is_emulated(gpu_)) {
      all.push_back("an emulation of a GPU computes, for tests: its times say nothing about GPUs");
    }
    if (wishes_.device == Device::gpu && gpu_layers_ < model_.layers.size()) {
      all.push_back("device: only " + what_fits());
    }
    return all;
  }

 private:
  std::string what_fits() const {
    return std::to_string(gpu_layers_) + " of " + std::to_string(model_.layers.size()) +
           " layers fit the " + mebibytes(memory_) + " of " + gpu_.device.name +
           "; the CPU computes the others";
  }
  std::string too_small() const {
    return "not one layer of " + model_.name + " fits the " + mebibytes(memory_) + " of " +
           gpu_.device.name + (last_shortage_.empty() ? "" : " (" + last_shortage_ + ")");
  }
  void refuse_if_too_few(std::size_t layers) const {
    if (!wishes_.require_gpu || wishes_.device != Device::gpu || layers == model_.layers.size())
      return;
    throw DeviceUnavailable("device gpu: " + std::to_string(layers) + " of " +
                            std::to_string(model_.layers.size()) + " layers of " + model_.name +
                            " fit the " + mebibytes(memory_) + " of " + gpu_.device.name +
                            "; allow more memory or less for keys and values, take a smaller "
                            "model, or device hybrid");
  }

  EngineBackends backends(Placement placement, std::unique_ptr<kernels::Backend> gpu) const {
    std::vector<BackendShare> shares;
    if (!placement.whole) {
      shares.push_back(
          {.backend = sources_.make_cpu(), .layers = model_.layers.size() - placement.gpu_layers});
    }
    shares.push_back({.backend = std::move(gpu),
                      .layers = placement.gpu_layers,
                      .memory = memory_,
                      .address = gpu_.device.address});
    return EngineBackends(std::move(shares));
  }

  const Model& model_;
  const DeviceWishes& wishes_;
  const DeviceSources& sources_;
  const FoundGpu& gpu_;
  std::uint64_t memory_;
  std::size_t gpu_layers_ = 0;
  std::string last_shortage_;  // in the words of the device
};

}  // namespace

std::vector<std::string> build_on_device(const Model& model, const DeviceWishes& wishes,
                                         const DeviceDemand& demand, const DeviceSources& sources,
                                         const std::function<void(EngineBackends)>& build) {
  std::vector<std::string> warnings;
  if (wishes.device != Device::cpu) {
    const kernels::GpuSearch search = sources.find_gpus();
    std::string reason;
    if (const FoundGpu* gpu = chosen(search, wishes.index, reason)) {
      GpuBuilding on_gpu(model, wishes, sources, *gpu);
      reason = on_gpu.build(demand, build);
      if (reason.empty()) return on_gpu.warnings();
    }
    if (wishes.require_gpu) {
      throw DeviceUnavailable("device " + name_of(wishes.device) + " cannot be had: " + reason +
                              "; unless a GPU is required, the CPU computes instead");
    }
    if (wishes.is_named || wishes.device != Device::automatic) {
      warnings.push_back("device " + name_of(wishes.device) +
                         ": the CPU computes instead of a GPU: " + reason);
    }
  }
  build(EngineBackends(sources.make_cpu(), model.layers.size()));
  return warnings;
}

}  // namespace squall::agents
