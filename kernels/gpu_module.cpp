#include "kernels/gpu_module.hpp"

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>

namespace squall::kernels {
namespace {

constexpr const char* modules_variable = "SQUALL_GPU_MODULES";

std::vector<std::filesystem::path> module_paths(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  // Read at start only: nothing in these programs changes its own environment.
  const char* const wish = std::getenv(modules_variable);
  std::string_view rest = wish == nullptr ? "" : wish;
  while (!rest.empty()) {
    const std::string_view path = rest.substr(0, rest.find(':'));
    if (!path.empty()) paths.emplace_back(path);
    rest.remove_prefix(std::min(rest.size(), path.size() + 1));
  }
  for (const char* name : {"squall-gpu-hip.so", "squall-gpu-cuda.so"}) {
    paths.push_back(folder / name);
  }
  return paths;
}

/// The module, or null and the reason.
GpuModule* open_module(const std::filesystem::path& path, std::string& reason) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    reason = "this build has no such module";
    return nullptr;
  }
  // An absolute path: a bare name would be looked for in the system's folders.
  const std::string absolute = std::filesystem::absolute(path, error).string();
  void* const library = dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* const why = dlerror();
    reason = "it cannot be opened, often because the GPU's runtime library is not installed (" +
             std::string(why == nullptr ? "no reason given" : why) + ")";
    return nullptr;
  }
  void* const symbol = dlsym(library, gpu_module_entry);
  if (symbol == nullptr) {
    reason = "it is no GPU module of Squall";
    return nullptr;
  }
  GpuModule* const module = reinterpret_cast<GpuModuleEntry>(symbol)(gpu_module_interface);
  if (module == nullptr) {
    reason = "it belongs to another version of Squall; build both together";
  }
  return module;
}

void add_devices_of(GpuModule& module, const std::string& name, GpuSearch& search) {
  std::string reason;
  std::vector<GpuDevice> devices;
  try {
    devices = module.devices(reason);
  } catch (const DeviceError& error) {
    reason = error.what();
  }
  if (devices.empty()) search.reasons.push_back(name + ": " + reason);
  for (GpuDevice& device : devices) {
    if (device.objection.empty()) {
      search.usable.push_back({&module, std::move(device)});
    } else {
      search.reasons.push_back(name + ": " + device.name + ": " + device.objection);
    }
  }
}

}  // namespace

GpuSearch find_gpus(const std::filesystem::path& folder) {
  GpuSearch search;
  for (const std::filesystem::path& path : module_paths(folder)) {
    std::string reason;
    const std::string name = path.filename().string();
    GpuModule* const module = open_module(path, reason);
    if (module == nullptr) {
      search.reasons.push_back(name + ": " + reason);
    } else {
      add_devices_of(*module, name, search);
    }
  }
  return search;
}

}  // namespace squall::kernels
