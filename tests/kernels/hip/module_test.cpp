// GPU modules as programs find and open them: the emulated one, and what is none.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include "kernels/gpu_module.hpp"
#include "kernels/hip/emulation/emulation_settings.hpp"

namespace squall::kernels {
namespace {

namespace fs = std::filesystem;

/// The environment names these modules, for as long as this lives.
class Named {
 public:
  explicit Named(const std::string& modules) { setenv("SQUALL_GPU_MODULES", modules.c_str(), 1); }
  ~Named() { unsetenv("SQUALL_GPU_MODULES"); }
};

/// What the module that find_gpus() opened has been set to; it is opened once.
hip::emulation::Settings& settings_of_module() {
  void* const library = dlopen(EMULATED_MODULE, RTLD_NOW | RTLD_LOCAL);
  BOOST_REQUIRE(library != nullptr);
  using Entry = hip::emulation::Settings* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(library, "squall_gpu_emulation_settings"));
  BOOST_REQUIRE(entry != nullptr);
  return *entry();
}

/// A library that is none of ours: the C library.
std::string library_of_this_process() {
  Dl_info found{};
  BOOST_REQUIRE(dladdr(reinterpret_cast<const void*>(&std::getenv), &found) != 0);
  const fs::path path = fs::canonical(found.dli_fname);
  BOOST_REQUIRE(path.filename().string().starts_with("libc"));
  return path.string();
}

bool one_contains(const std::vector<std::string>& sentences, const std::string& part) {
  for (const std::string& sentence : sentences) {
    if (sentence.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_modules_there_is_no_gpu_and_the_reasons_are_said) {
  const GpuSearch search = find_gpus("/nowhere");
  BOOST_TEST(search.usable.empty());
  BOOST_TEST(search.reasons.size() == 2U);
  BOOST_TEST(one_contains(search.reasons, "squall-gpu-hip.so: this build has no such module"));
  BOOST_TEST(one_contains(search.reasons, "squall-gpu-cuda.so: this build has no such module"));
}

BOOST_AUTO_TEST_CASE(a_named_module_is_opened_and_its_device_computes) {
  const Named named(EMULATED_MODULE);
  const GpuSearch search = find_gpus("/nowhere");
  BOOST_REQUIRE(search.usable.size() == 1U);
  const FoundGpu& gpu = search.usable[0];
  BOOST_TEST(gpu.module->runtime() == "emulation");
  BOOST_TEST(gpu.device.architecture == "emulation");
  BOOST_TEST(gpu.device.memory_bytes == settings_of_module().memory_bytes);
  const auto backend = gpu.module->make_backend({.device = gpu.device.index, .memory_limit = 0});
  const auto memory = backend->allocate(16);
  const float values[] = {1, 2, 3};
  backend->write(values, memory->floats());
  backend->add(memory->floats(), memory->floats(), 3);
  BOOST_TEST(backend->read(memory->floats(), 3)[2] == 6.0F);
}

BOOST_AUTO_TEST_CASE(errors_of_a_module_are_caught_by_its_user) {
  const Named named(EMULATED_MODULE);
  const GpuSearch search = find_gpus("/nowhere");
  BOOST_REQUIRE(search.usable.size() == 1U);
  GpuModule& module = *search.usable[0].module;
  BOOST_CHECK_THROW(module.make_backend({.device = 3, .memory_limit = 0}), DeviceError);
  const auto backend = module.make_backend({.device = 0, .memory_limit = 1 << 20});
  BOOST_CHECK_THROW(backend->allocate(2 << 20), DeviceOutOfMemory);
}

BOOST_AUTO_TEST_CASE(a_device_is_measured_and_one_that_is_not_there_is_said) {
  const Named named(EMULATED_MODULE);
  const GpuSearch search = find_gpus("/nowhere");
  BOOST_REQUIRE(search.usable.size() == 1U);
  GpuModule& module = *search.usable[0].module;
  BOOST_TEST(search.usable[0].device.address == "", "an emulated device is on no bus");
  BOOST_CHECK_THROW(module.measure(3), DeviceError);
  const std::uint64_t memory = settings_of_module().memory_bytes;
  settings_of_module().memory_bytes = std::uint64_t{64} << 20;
  const GpuCeilings found = module.measure(0);
  settings_of_module().memory_bytes = memory;
  BOOST_TEST(std::isfinite(found.copy_bytes_per_second));
  BOOST_TEST(found.copy_bytes_per_second > 1e3);
  BOOST_TEST(std::isfinite(found.matrix_per_second));
  BOOST_TEST(found.matrix_per_second > 1e3);
}

BOOST_AUTO_TEST_CASE(a_machine_without_devices_is_told_apart_from_one_without_modules) {
  const Named named(EMULATED_MODULE);
  settings_of_module().devices = 0;
  const GpuSearch search = find_gpus("/nowhere");
  settings_of_module().devices = 1;
  BOOST_TEST(search.usable.empty());
  BOOST_TEST(one_contains(search.reasons, "squall-gpu-emulation.so: no GPU, or no driver for one"));
}

BOOST_AUTO_TEST_CASE(a_broken_device_does_not_hide_the_others) {
  const Named named(EMULATED_MODULE);
  settings_of_module().devices = 3;
  settings_of_module().broken_device = 1;
  const GpuSearch search = find_gpus("/nowhere");
  settings_of_module().devices = 1;
  settings_of_module().broken_device = -1;
  BOOST_REQUIRE(search.usable.size() == 2U);
  BOOST_TEST(search.usable[0].device.index == 0);
  BOOST_TEST(search.usable[1].device.index == 2);
  BOOST_TEST(search.reasons.size() == 1U);
  BOOST_TEST(one_contains(search.reasons, "device 1: asking for a device's properties: "));
}

BOOST_AUTO_TEST_CASE(what_is_no_module_is_said_to_be_none) {
  const fs::path folder =
      fs::temp_directory_path() / ("squall-modules-" + std::to_string(getpid()));
  fs::create_directory(folder);
  std::ofstream(folder / "squall-gpu-hip.so") << "not a library";
  const std::string library = library_of_this_process();
  const Named named(library + ":/nowhere/else.so");
  const GpuSearch search = find_gpus(folder);
  fs::remove_all(folder);
  BOOST_TEST(search.usable.empty());
  BOOST_TEST(one_contains(search.reasons, library + ": it is no GPU module of Squall"));
  BOOST_TEST(one_contains(search.reasons, "/nowhere/else.so: there is no such file"));
  BOOST_TEST(one_contains(search.reasons, "squall-gpu-hip.so: it cannot be opened"));
  BOOST_TEST(search.reasons.size() == 3U, "nothing is said of a module for CUDA");
}

BOOST_AUTO_TEST_CASE(another_interface_version_is_refused) {
  void* const library = dlopen(EMULATED_MODULE, RTLD_NOW | RTLD_LOCAL);
  BOOST_REQUIRE(library != nullptr);
  const auto entry = reinterpret_cast<GpuModuleEntry>(dlsym(library, gpu_module_entry));
  BOOST_REQUIRE(entry != nullptr);
  BOOST_TEST(entry(gpu_module_interface + 1) == nullptr);
  BOOST_TEST(entry(gpu_module_interface) != nullptr);
}

}  // namespace squall::kernels
