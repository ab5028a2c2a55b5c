// NVIDIA's GPUs by NVML. The few functions used are declared here as NVIDIA's NVML API Reference
// describes them, so that nothing of theirs is needed to build.

#include <array>
#include <cstdint>
#include <functional>

#include "agents/hardware/gpus/amd_nodes.hpp"
#include "agents/hardware/gpus/gpu_driver.hpp"
#include "agents/hardware/gpus/shared_library.hpp"

namespace squall::agents {

using scenarios::GpuFacts;

namespace {

using Device = void*;
using Status = int;  // 0: it worked
struct Memory {
  unsigned long long total, free, used;
};
struct Utilization {
  unsigned gpu, memory;  // percent
};
struct PciInfo {
  char old_text[16];
  unsigned domain, bus, device;
  unsigned ids[2];
  char text[32];
};
constexpr unsigned of_the_chip = 0;  // NVML_TEMPERATURE_GPU
constexpr std::size_t text_length = 96;

class NvmlDriver final : public GpuDriver {
 public:
  explicit NvmlDriver(const std::string& library) : library_(library) {
    const auto begin = library_.function<Status()>("nvmlInit_v2");
    const auto count_of = library_.function<Status(unsigned*)>("nvmlDeviceGetCount_v2");
    const auto get = library_.function<Status(unsigned, Device*)>("nvmlDeviceGetHandleByIndex_v2");
    if (!begin || !count_of || !get || begin() != 0) return;
    begun_ = true;
    unsigned count = 0;
    if (count_of(&count) != 0) return;
    for (unsigned i = 0; i < count; ++i) {
      Device device = nullptr;
      if (get(i, &device) == 0) devices_.push_back(device);
    }
  }
  ~NvmlDriver() override {
    const auto end = library_.function<Status()>("nvmlShutdown");
    if (begun_ && end) end();
  }
  NvmlDriver(const NvmlDriver&) = delete;
  NvmlDriver& operator=(const NvmlDriver&) = delete;

  bool empty() const { return devices_.empty(); }

  std::vector<GpuFacts> facts() const override {
    std::vector<GpuFacts> all;
    for (const Device device : devices_) {
      GpuFacts gpu;
      gpu.vendor = "NVIDIA";
      gpu.name = name_of(device);
      gpu.driver = driver();
      gpu.runtime = runtime();
      gpu.architecture = architecture_of(device);
      gpu.memory_bytes = memory_of(device).total;
      gpu.address = address_of(device);
      all.push_back(std::move(gpu));
    }
    return all;
  }

  std::vector<actors::GpuSample> sample() const override {
    const auto busy =
        library_.function<Status(Device, Utilization*)>("nvmlDeviceGetUtilizationRates");
    const auto heat =
        library_.function<Status(Device, unsigned, unsigned*)>("nvmlDeviceGetTemperature");
    const auto power = library_.function<Status(Device, unsigned*)>("nvmlDeviceGetPowerUsage");
    std::vector<actors::GpuSample> all;
    for (const Device device : devices_) {
      actors::GpuSample gpu;
      Utilization used{};
      if (busy && busy(device, &used) == 0 && used.gpu <= 100) gpu.busy = used.gpu / 100.0;
      if (const Memory memory = memory_of(device); memory.total > 0)
        gpu.memory_used_bytes = memory.used;
      unsigned degrees = 0;
      if (heat && heat(device, of_the_chip, &degrees) == 0) gpu.temperature = degrees;
      unsigned milliwatts = 0;
      if (power && power(device, &milliwatts) == 0) gpu.power = milliwatts * 1e-3;
      all.push_back(gpu);
    }
    return all;
  }

 private:
  std::string name_of(Device device) const {
    const auto get = library_.function<Status(Device, char*, unsigned)>("nvmlDeviceGetName");
    std::array<char, text_length> text{};
    return get && get(device, text.data(), text.size() - 1) == 0 ? text.data() : "";
  }
  std::string driver() const {
    const auto get = library_.function<Status(char*, unsigned)>("nvmlSystemGetDriverVersion");
    std::array<char, text_length> text{};
    return get && get(text.data(), text.size() - 1) == 0 ? text.data() : "";
  }
  /// 12040 is CUDA 12.4.
  std::string runtime() const {
    const auto get = library_.function<Status(int*)>("nvmlSystemGetCudaDriverVersion_v2");
    int version = 0;
    if (!get || get(&version) != 0 || version <= 0) return {};
    return "CUDA " + std::to_string(version / 1000) + '.' + std::to_string(version % 1000 / 10);
  }
  std::string architecture_of(Device device) const {
    const auto get =
        library_.function<Status(Device, int*, int*)>("nvmlDeviceGetCudaComputeCapability");
    int major = 0, minor = 0;
    if (!get || get(device, &major, &minor) != 0) return {};
    return "sm_" + std::to_string(major) + std::to_string(minor);
  }
  std::string address_of(Device device) const {
    const auto get = library_.function<Status(Device, PciInfo*)>("nvmlDeviceGetPciInfo_v3");
    PciInfo place{};
    if (!get || get(device, &place) != 0) return {};
    return pci_address(std::uint64_t{place.domain} << 32 | place.bus << 8 | place.device << 3);
  }
  Memory memory_of(Device device) const {
    const auto get = library_.function<Status(Device, Memory*)>("nvmlDeviceGetMemoryInfo");
    Memory memory{};
    return get && get(device, &memory) == 0 ? memory : Memory{};
  }

  SharedLibrary library_;
  bool begun_ = false;
  std::vector<Device> devices_;
};

}  // namespace

std::unique_ptr<GpuDriver> open_nvml(const std::string& library) {
  auto driver = std::make_unique<NvmlDriver>(library);
  if (driver->empty()) return nullptr;
  return driver;
}

}  // namespace squall::agents
