#include "agents/hardware/gpus/gpu_probe.hpp"

#include <algorithm>

#include "agents/hardware/gpus/amd_nodes.hpp"

namespace squall::agents {

using scenarios::GpuFacts;

namespace {

/// "card0", and no connector: "card0-HDMI-A-1".
bool is_card(const std::string& name) {
  return name.starts_with("card") && whole_number(std::string_view(name).substr(4)).has_value();
}

/// Of the makers whose GPUs run models; a server's own display is none of these.
std::string vendor_of(const std::string& number) {
  if (number == "0x1002") return "AMD";
  if (number == "0x10de") return "NVIDIA";
  if (number == "0x8086") return "Intel";
  return {};
}

std::optional<GpuFacts> read_card(const MachineFiles& files, const std::string& device,
                                  const std::vector<AmdNode>& nodes) {
  GpuFacts gpu;
  gpu.vendor = vendor_of(files.line(device + "/vendor").value_or(""));
  if (gpu.vendor.empty()) return std::nullopt;
  const std::string model = files.line(device + "/device").value_or("");
  gpu.name = files.line(device + "/product_name").value_or(gpu.vendor + " GPU " + model);
  gpu.driver = files.link_name(device + "/driver");
  const std::string address = files.link_name(device);
  if (pci_place(address)) gpu.address = address;
  if (gpu.vendor == "AMD") {
    const auto memory = files.number(device + "/mem_info_vram_total");
    if (memory && *memory > 0) gpu.memory_bytes = static_cast<std::uint64_t>(*memory);
    if (const AmdNode* node = node_at(nodes, pci_place(address))) {
      gpu.architecture = node->architecture;
      gpu.integrated = is_integrated(node->architecture);
    }
  }
  // Intel's GPU in a processor is always this device; its cards are elsewhere.
  if (gpu.vendor == "Intel") gpu.integrated = address == "0000:00:02.0";
  return gpu;
}

template <class Open>
void open_first(const std::vector<std::string>& names, const Open& open,
                std::vector<std::unique_ptr<GpuDriver>>& drivers) {
  for (const std::string& name : names)
    if (auto driver = open(name)) {
      drivers.push_back(std::move(driver));
      return;
    }
}

}  // namespace

std::vector<std::unique_ptr<GpuDriver>> open_gpu_drivers(const MachineFiles& files,
                                                         const GpuLibraries& libraries) {
  std::vector<std::unique_ptr<GpuDriver>> drivers;
  open_first(libraries.nvml, open_nvml, drivers);
  open_first(
      libraries.rocm_smi, [&](const std::string& name) { return open_rocm_smi(name, files); },
      drivers);
  return drivers;
}

std::vector<GpuFacts> probe_gpus(const MachineFiles& files, const GpuLibraries& libraries) {
  std::vector<GpuFacts> gpus;
  for (const auto& driver : open_gpu_drivers(files, libraries))
    for (GpuFacts& gpu : driver->facts()) gpus.push_back(std::move(gpu));
  const auto known = gpus;
  const auto nodes = amd_nodes(files);
  const std::string folder = "sys/class/drm/";
  for (const std::string& name : files.names(folder)) {
    if (!is_card(name)) continue;
    auto gpu = read_card(files, folder + name + "/device", nodes);
    if (gpu && std::ranges::find(known, gpu->vendor, &GpuFacts::vendor) == known.end())
      gpus.push_back(std::move(*gpu));
  }
  return gpus;
}

}  // namespace squall::agents
