// AMD's GPUs by ROCm SMI. The few functions used are declared here as the ROCm SMI API reference
// describes them, so that nothing of theirs is needed to build.

#include <array>
#include <cstdint>

#include "agents/hardware/gpus/amd_nodes.hpp"
#include "agents/hardware/gpus/gpu_driver.hpp"
#include "agents/hardware/gpus/shared_library.hpp"

namespace squall::agents {

using scenarios::GpuFacts;

namespace {

using Status = int;              // 0: it worked
constexpr unsigned vram = 0;     // RSMI_MEM_TYPE_VRAM
constexpr unsigned edge = 0;     // RSMI_TEMP_TYPE_EDGE
constexpr unsigned current = 0;  // RSMI_TEMP_CURRENT
constexpr unsigned driver = 0;   // RSMI_SW_COMP_DRIVER
constexpr std::size_t text_length = 96;

class RocmDriver final : public GpuDriver {
 public:
  RocmDriver(const std::string& library, const MachineFiles& files)
      : library_(library), files_(files) {
    const auto begin = library_.function<Status(std::uint64_t)>("rsmi_init");
    const auto count = library_.function<Status(std::uint32_t*)>("rsmi_num_monitor_devices");
    if (!begin || !count || begin(0) != 0) return;
    begun_ = true;
    if (count(&count_) != 0) count_ = 0;
  }
  ~RocmDriver() override {
    const auto end = library_.function<Status()>("rsmi_shut_down");
    if (begun_ && end) end();
  }
  RocmDriver(const RocmDriver&) = delete;
  RocmDriver& operator=(const RocmDriver&) = delete;

  bool empty() const { return count_ == 0; }

  std::vector<GpuFacts> facts() const override {
    const auto nodes = amd_nodes(files_);
    std::vector<GpuFacts> all;
    for (std::uint32_t i = 0; i < count_; ++i) {
      GpuFacts gpu;
      gpu.vendor = "AMD";
      gpu.name = name_of(i);
      gpu.driver = driver_version();
      gpu.runtime = "ROCm";
      if (const auto version = files_.line("opt/rocm/.info/version")) gpu.runtime += ' ' + *version;
      gpu.memory_bytes = memory("rsmi_dev_memory_total_get", i).value_or(0);
      const auto place = place_of(i);
      if (place) gpu.address = pci_address(*place);
      if (const AmdNode* node = node_at(nodes, place)) {
        gpu.architecture = node->architecture;
        gpu.integrated = is_integrated(node->architecture);
      }
      all.push_back(std::move(gpu));
    }
    return all;
  }

  std::vector<actors::GpuSample> sample() const override {
    const auto busy =
        library_.function<Status(std::uint32_t, std::uint32_t*)>("rsmi_dev_busy_percent_get");
    const auto heat =
        library_.function<Status(std::uint32_t, std::uint32_t, unsigned, std::int64_t*)>(
            "rsmi_dev_temp_metric_get");
    std::vector<actors::GpuSample> all;
    for (std::uint32_t i = 0; i < count_; ++i) {
      actors::GpuSample gpu;
      std::uint32_t percent = 0;
      if (busy && busy(i, &percent) == 0 && percent <= 100) gpu.busy = percent / 100.0;
      gpu.memory_used_bytes = memory("rsmi_dev_memory_usage_get", i);
      std::int64_t thousandths = 0;
      if (heat && heat(i, edge, current, &thousandths) == 0)
        gpu.temperature = static_cast<double>(thousandths) * 1e-3;
      gpu.power = power_of(i);
      all.push_back(gpu);
    }
    return all;
  }

 private:
  std::string name_of(std::uint32_t device) const {
    const auto get =
        library_.function<Status(std::uint32_t, char*, std::size_t)>("rsmi_dev_name_get");
    std::array<char, text_length> text{};
    return get && get(device, text.data(), text.size() - 1) == 0 ? text.data() : "";
  }
  std::string driver_version() const {
    const auto get =
        library_.function<Status(unsigned, char*, std::uint32_t)>("rsmi_version_str_get");
    std::array<char, text_length> text{};
    return get && get(driver, text.data(), text.size() - 1) == 0 ? text.data() : "";
  }
  std::optional<std::uint64_t> memory(const char* function, std::uint32_t device) const {
    const auto get = library_.function<Status(std::uint32_t, unsigned, std::uint64_t*)>(function);
    std::uint64_t bytes = 0;
    if (!get || get(device, vram, &bytes) != 0) return std::nullopt;
    return bytes;
  }
  std::optional<std::uint64_t> place_of(std::uint32_t device) const {
    const auto get =
        library_.function<Status(std::uint32_t, std::uint64_t*)>("rsmi_dev_pci_id_get");
    std::uint64_t place = 0;
    if (!get || get(device, &place) != 0) return std::nullopt;
    return place;
  }
  /// Microwatts: the mean that older GPUs tell, or what the socket takes now.
  std::optional<double> power_of(std::uint32_t device) const {
    std::uint64_t microwatts = 0;
    const auto mean = library_.function<Status(std::uint32_t, std::uint32_t, std::uint64_t*)>(
        "rsmi_dev_power_ave_get");
    if (mean && mean(device, 0, &microwatts) == 0) return static_cast<double>(microwatts) * 1e-6;
    const auto now = library_.function<Status(std::uint32_t, std::uint64_t*)>(
        "rsmi_dev_current_socket_power_get");
    if (now && now(device, &microwatts) == 0) return static_cast<double>(microwatts) * 1e-6;
    return std::nullopt;
  }

  SharedLibrary library_;
  MachineFiles files_;
  bool begun_ = false;
  std::uint32_t count_ = 0;
};

}  // namespace

std::unique_ptr<GpuDriver> open_rocm_smi(const std::string& library, const MachineFiles& files) {
  auto opened = std::make_unique<RocmDriver>(library, files);
  if (opened->empty()) return nullptr;
  return opened;
}

}  // namespace squall::agents
