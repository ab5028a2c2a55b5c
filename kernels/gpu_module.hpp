#pragma once
// GPUs as one build of a program finds them: a module for each runtime (HIP, CUDA), a shared
// library beside the program that is opened at run time. Without one, or without what it needs
// (driver, runtime, device), the program works as before and can say why.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/backend.hpp"

namespace squall::kernels {

struct GpuDevice {
  int index = 0;             // the runtime's own
  std::string name;          // "NVIDIA H200"
  std::string architecture;  // "gfx90a", "sm_90", "emulation"
  std::string address;       // on the PCI bus, "0000:c1:00.0"; empty: not told
  std::uint64_t memory_bytes = 0;
  std::uint64_t free_bytes = 0;
  /// Why it cannot be used: no code of this build is for its architecture. Empty: it can.
  std::string objection;
};

struct GpuBackendOptions {
  int device = 0;
  std::uint64_t memory_limit = 0;  // bytes that may be taken of the device; 0: what is free
};

/// The most that a device was seen to do of each, through the same instructions as the engine's
/// kernels and with nothing else asked of it; other instructions may do more.
struct GpuCeilings {
  double copy_bytes_per_second = 0;  // of its memory: bytes read and bytes written
  double matrix_per_second = 0;  // multiply-adds of half precision with sums of single precision
};

/// What a module is to the program that opened it. One thread at a time.
class GpuModule {
 public:
  virtual ~GpuModule() = default;
  virtual std::string_view runtime() const = 0;  // "HIP", "CUDA", "emulation"
  /// None: `reason` says why (no driver, no device).
  virtual std::vector<GpuDevice> devices(std::string& reason) = 0;
  /// Throws DeviceError when there is no such device, or it cannot be used.
  virtual std::unique_ptr<Backend> make_backend(const GpuBackendOptions& options) = 0;
  /// In about half a second, with nothing else running there. Throws DeviceError, and
  /// DeviceOutOfMemory where too little memory is free for it.
  virtual GpuCeilings measure(int device) = 0;
};

/// A module's one exported function, `squall_gpu_module`: the module itself, or null for another
/// interface version than its own. Never freed: backends' code lives in it.
using GpuModuleEntry = GpuModule* (*)(std::uint32_t interface_version);
constexpr std::uint32_t gpu_module_interface = 2;  // raise with any change of this or backend.hpp
constexpr const char* gpu_module_entry = "squall_gpu_module";

struct FoundGpu {
  GpuModule* module;
  GpuDevice device;
};

struct GpuSearch {
  std::vector<FoundGpu> usable;      // in the order of modules, then of devices
  std::vector<std::string> reasons;  // a sentence for each module or device that is of no use
};

/// Opens the modules squall-gpu-hip.so and squall-gpu-cuda.so of the folder, and those named in the
/// environment's SQUALL_GPU_MODULES (paths, separated by ':'), which come first.
GpuSearch find_gpus(const std::filesystem::path& folder);

}  // namespace squall::kernels
