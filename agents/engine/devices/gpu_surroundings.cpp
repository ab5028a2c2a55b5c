#include "agents/engine/devices/gpu_surroundings.hpp"

#include <system_error>

namespace squall::agents {

namespace fs = std::filesystem;

namespace {

bool has_module(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "squall-gpu-hip.so", error) ||
         fs::exists(folder / "squall-gpu-cuda.so", error);
}

}  // namespace

fs::path gpu_module_folder(const fs::path& program) {
  const fs::path own = program.parent_path();
  const fs::path neighbour = own.parent_path() / "lib";
  return !has_module(own) && has_module(neighbour) ? neighbour : own;
}

kernels::GpuSearch find_gpus_beside_program() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return kernels::find_gpus(error ? fs::path(".") : gpu_module_folder(program));
}

bool is_emulated(const kernels::FoundGpu& gpu) {
  return gpu.module->runtime() == "emulation" || gpu.device.architecture == "emulation";
}

}  // namespace squall::agents
