#include "kernels/gpu_module.hpp"

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>

namespace squall::kernels {
namespace {

constexpr const char* modules_variable = "SQUALL_GPU_MODULES";

struct ModulePlace {
  std::filesystem::path path;
  std::string name;       // as sentences about it begin
  bool is_named = false;  // in the environment: then it has to be there
};

std::vector<ModulePlace> module_places(const std::filesystem::path& folder) {
  std::vector<ModulePlace> places;
  // Read at start only: nothing in these programs changes its own environment.
  const char* const wish = std::getenv(modules_variable);
  std::string_view rest = wish == nullptr ? "" : wish;
  while (!rest.empty()) {
    const std::string_view path = rest.substr(0, rest.find(':'));
    if (!path.empty()) places.push_back({path, std::string(path), true});
    rest.remove_prefix(std::min(rest.size(), path.size() + 1));
  }
  for (const char* name : {"squall-gpu-hip.so", "squall-gpu-cuda.so"}) {
    places.push_back({folder / name, name, false});
  }
  return places;
}

/// The module of a file that is there, or null and the reason.
GpuModule* open_module(const std::filesystem::path& path, std::string& reason) {
  std::error_code error;
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
  const std::vector<ModulePlace> places = module_places(folder);
  for (const ModulePlace& place : places) {
    std::error_code error;
    if (!std::filesystem::exists(place.path, error)) {
      // Whoever names modules is not told that the usual ones are missing.
      if (place.is_named) {
        search.reasons.push_back(place.name + ": there is no such file (" + modules_variable +
                                 " names it)");
      } else if (!places.front().is_named) {
        search.reasons.push_back(place.name + ": this build has no such module");
      }
      continue;
    }
    std::string reason;
    GpuModule* const module = open_module(place.path, reason);
    if (module == nullptr) {
      search.reasons.push_back(place.name + ": " + reason);
    } else {
      add_devices_of(*module, place.name, search);
    }
  }
  return search;
}

}  // namespace squall::kernels
