#include "agents/hardware/probe/hardware_probe.hpp"

#include <algorithm>
#include <sstream>
#include <sys/utsname.h>
#include <thread>

#include "agents/hardware/gpus/gpu_probe.hpp"
#include "agents/hardware/probe/container_limits.hpp"
#include "agents/hardware/probe/processor_facts.hpp"
#include "agents/hardware/probe/sensors.hpp"
#include "agents/hardware/probe/virtualization.hpp"

namespace squall::agents {

namespace {

/// proc(5), meminfo: "MemTotal:       24682416 kB". 0: not told.
std::uint64_t meminfo(const std::string& text, std::string_view name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name) || !line.ends_with(" kB")) continue;
    const auto kilobytes =
        whole_number(std::string_view(line).substr(name.size(), line.size() - name.size() - 3));
    constexpr std::int64_t limit = 1LL << 50;
    return kilobytes && *kilobytes >= 0 && *kilobytes < limit
               ? static_cast<std::uint64_t>(*kilobytes) << 10
               : 0;
  }
  return 0;
}

std::chrono::nanoseconds wait_a_moment() {
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return Clock::now() - begun;
}

}  // namespace

ProbeSurroundings this_machine() {
  utsname system{};
  uname(&system);
  const MachineFiles files;
  return {.files = files,
          .architecture = system.machine,
          .features = kernels::detect_cpu_features(),
          .gpus = [files] { return probe_gpus(files, {}); },
          .wait = wait_a_moment};
}

scenarios::HardwareFacts probe_hardware(const ProbeSurroundings& surroundings) {
  const MachineFiles& files = surroundings.files;
  scenarios::HardwareFacts facts;
  facts.architecture = surroundings.architecture;
  read_processor(files, surroundings.features, facts);
  const std::string memory = files.text("proc/meminfo").value_or("");
  facts.memory_bytes = meminfo(memory, "MemTotal:");
  facts.memory_free_bytes = meminfo(memory, "MemAvailable:");
  const ContainerLimits limits =
      container_limits(files, online_processors(files), facts.memory_bytes);
  facts.cpu_limit = limits.processors;
  facts.memory_limit_bytes = limits.memory_bytes;
  facts.kernel = files.line("proc/sys/kernel/osrelease").value_or("");
  facts.virtualization = virtualization(files);
  facts.battery = has_battery(files);
  facts.temperature = processor_temperature(files);
  if (surroundings.gpus) facts.gpus = surroundings.gpus();
  if (surroundings.wait) facts.power = power(files, surroundings.wait);
  return facts;
}

}  // namespace squall::agents
