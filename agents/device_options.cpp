#include "agents/device_options.hpp"

#include <map>
#include <string>

namespace squall::agents {

void add_device_options(CLI::App& command, DeviceWishes& wishes) {
  static const std::map<std::string, Device> devices{{"auto", Device::automatic},
                                                     {"cpu", Device::cpu},
                                                     {"gpu", Device::gpu},
                                                     {"hybrid", Device::hybrid}};
  command
      .add_option_function<std::string>(
          "--device",
          [&wishes](const std::string& name) {
            wishes.device = devices.at(name);
            wishes.is_named = true;
          },
          "what computes: auto (a GPU if there is one), cpu, gpu, or hybrid (as many layers as fit "
          "the GPU's memory, the CPU has the rest) [auto]")
      ->check(CLI::IsMember({"auto", "cpu", "gpu", "hybrid"}))
      ->option_text("DEVICE");
  command
      .add_option_function<int>(
          "--device-index", [&wishes](int index) { wishes.index = index; },
          "which GPU, as its runtime counts them from 0 [the first that can be used]")
      ->check(CLI::Range(0, 1023))
      ->option_text("N");
  command
      .add_option(
          "--gpu-memory", wishes.gpu_memory,
          "that may be taken of the GPU, as 4096MiB; layers that do not fit stay on the CPU "
          "[most of what is free]")
      ->transform(CLI::AsSizeValue(true))
      ->option_text("SIZE");
  command.add_flag("--require-gpu", wishes.require_gpu,
                   "a missing GPU is an error (exit code 2) instead of a warning");
}

}  // namespace squall::agents
