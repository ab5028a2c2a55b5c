// What a program gets that opens this module: devices and backends.

#include <string>

#include "kernels/gpu_module.hpp"
#include "kernels/hip/backend/device.hpp"
#include "kernels/hip/backend/hip_backend.hpp"
#include "kernels/hip/ceilings.hpp"

namespace squall::kernels::hip {
namespace {

class HipModule final : public GpuModule {
 public:
  std::string_view runtime() const override { return runtime_name(); }

  std::vector<GpuDevice> devices(std::string& reason) override {
    int count = 0;
    const hipError_t error = hipGetDeviceCount(&count);
    if (error != hipSuccess) {
      static_cast<void>(hipGetLastError());
      // Without a driver CUDA says that it is too old; HIP says that there is no device.
      const bool none = error == hipErrorNoDevice || error == hipErrorInsufficientDriver;
      reason =
          none ? "no GPU, or no driver for one, is found on this machine (" + words_of(error) + ")"
               : "the runtime does not start: " + words_of(error);
      return {};
    }
    std::vector<GpuDevice> found;
    for (int i = 0; i < count; ++i) {
      // One that is broken must not hide the others.
      try {
        found.push_back(describe_device(i));
      } catch (const DeviceError& broken) {
        found.push_back({.index = i,
                         .name = "device " + std::to_string(i),
                         .architecture = {},
                         .address = {},
                         .memory_bytes = 0,
                         .free_bytes = 0,
                         .objection = broken.what()});
      }
    }
    if (found.empty()) reason = "no GPU is found on this machine";
    return found;
  }

  std::unique_ptr<Backend> make_backend(const GpuBackendOptions& options) override {
    return std::make_unique<HipBackend>(options);
  }

  GpuCeilings measure(int index) override {
    Device device({.device = index, .memory_limit = 0});
    return measure_ceilings(device);
  }
};

}  // namespace
}  // namespace squall::kernels::hip

extern "C" __attribute__((visibility("default"))) squall::kernels::GpuModule* squall_gpu_module(
    std::uint32_t interface_version) {
  if (interface_version != squall::kernels::gpu_module_interface) return nullptr;
  static squall::kernels::hip::HipModule module;
  return &module;
}
