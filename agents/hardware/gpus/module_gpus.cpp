#include "agents/hardware/gpus/module_gpus.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <string>

#include "agents/engine/devices/gpu_surroundings.hpp"
#include "agents/hardware/gpus/amd_nodes.hpp"

namespace squall::agents {

using kernels::FoundGpu;
using kernels::GpuDevice;
using scenarios::GpuFacts;

namespace {

/// Of a module's devices; "emulation" is that of a GPU that is none.
std::string vendor_of(const kernels::GpuModule& module) {
  const std::string runtime(module.runtime());
  if (runtime == "HIP") return "AMD";
  if (runtime == "CUDA") return "NVIDIA";
  return runtime;
}

bool is_taken(const std::vector<MatchedGpu>& matched, std::size_t gpu) {
  return std::ranges::find(matched, gpu, &MatchedGpu::gpu) != matched.end();
}

/// A module can be named twice, and two modules can know the same device.
bool is_known(const std::vector<MatchedGpu>& matched, const FoundGpu& found,
              const std::vector<GpuFacts>& gpus) {
  return std::ranges::any_of(matched, [&](const MatchedGpu& each) {
    if (each.module == found.module && each.device == found.device.index) return true;
    return !found.device.address.empty() && gpus[each.gpu].address == found.device.address;
  });
}

template <class Fits>
std::optional<std::size_t> first_free(const std::vector<GpuFacts>& gpus,
                                      const std::vector<MatchedGpu>& matched, const Fits& fits) {
  for (std::size_t i = 0; i < gpus.size(); ++i)
    if (!is_taken(matched, i) && fits(gpus[i])) return i;
  return std::nullopt;
}

std::optional<std::size_t> place_of(const FoundGpu& found, const std::vector<GpuFacts>& gpus,
                                    const std::vector<MatchedGpu>& matched) {
  const std::string vendor = vendor_of(*found.module);
  const GpuDevice& device = found.device;
  // Of two addresses that are known and differ, names prove nothing.
  const auto may_be = [&](const GpuFacts& gpu) {
    return gpu.vendor == vendor && (gpu.address.empty() || device.address.empty());
  };
  auto place = first_free(gpus, matched, [&](const GpuFacts& gpu) {
    return !gpu.address.empty() && gpu.address == device.address;
  });
  if (!place)
    place = first_free(gpus, matched,
                       [&](const GpuFacts& gpu) { return may_be(gpu) && gpu.name == device.name; });
  if (!place)
    place = first_free(gpus, matched, [&](const GpuFacts& gpu) {
      return may_be(gpu) && gpu.architecture.empty();
    });
  return place;
}

void fill_in(const FoundGpu& found, GpuFacts& gpu) {
  const GpuDevice& device = found.device;
  if (gpu.architecture.empty()) gpu.integrated |= is_integrated(device.architecture);
  const auto fill = [](std::string& text, const std::string& told) {
    if (text.empty()) text = told;
  };
  fill(gpu.vendor, vendor_of(*found.module));
  fill(gpu.name, device.name);
  fill(gpu.runtime, std::string(found.module->runtime()));
  fill(gpu.architecture, device.architecture);
  fill(gpu.address, device.address);
  if (gpu.memory_bytes == 0) gpu.memory_bytes = device.memory_bytes;
}

}  // namespace

std::vector<MatchedGpu> match_gpus(const std::vector<FoundGpu>& found,
                                   std::vector<GpuFacts>& gpus) {
  std::vector<MatchedGpu> matched;
  for (const FoundGpu& each : found) {
    if (is_known(matched, each, gpus)) continue;
    const std::size_t place = place_of(each, gpus, matched).value_or(gpus.size());
    if (place == gpus.size()) gpus.emplace_back();
    fill_in(each, gpus[place]);
    matched.push_back({place, each.module, each.device.index, is_emulated(each)});
  }
  std::erase_if(matched, [](const MatchedGpu& each) { return each.emulated; });
  return matched;
}

std::vector<GpuCeiling> measure_gpus(const std::vector<MatchedGpu>& gpus) {
  std::vector<GpuCeiling> ceilings;
  for (const MatchedGpu& each : gpus) {
    kernels::GpuCeilings measured;
    try {
      measured = each.module->measure(each.device);
    } catch (const kernels::DeviceError&) {  // an engine that wants it will say why
    } catch (const std::bad_alloc&) {
    }
    ceilings.push_back({each.gpu, measured.copy_bytes_per_second, measured.matrix_per_second});
  }
  return ceilings;
}

void tell_ceilings(const std::vector<GpuCeiling>& ceilings, std::vector<GpuFacts>& gpus) {
  for (const GpuCeiling& each : ceilings) {
    if (each.gpu >= gpus.size()) continue;  // kept when there were more
    gpus[each.gpu].copy_bytes_per_second = each.copy_bytes_per_second;
    gpus[each.gpu].matrix_per_second = each.matrix_per_second;
  }
}

}  // namespace squall::agents
