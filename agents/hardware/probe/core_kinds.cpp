#include "agents/hardware/probe/core_kinds.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace squall::agents {

namespace {

// A phone's cores differ by a factor of two and more; its two kinds of fast cores by a fifth.
constexpr double least_capacity = 0.6;
// Cores that some processors favour run a few percent faster; the compact ones a third slower.
constexpr double least_frequency = 0.75;

std::vector<int> of_device(const MachineFiles& files, const char* device) {
  const auto list = files.line(std::string("sys/devices/") + device + "/cpus");
  return list ? number_list(*list).value_or(std::vector<int>{}) : std::vector<int>{};
}

/// By the file of each processor; all empty unless each of them has one, and they differ.
CoreKinds by_file(const MachineFiles& files, const std::vector<int>& processors,
                  const std::string& file, double least_share) {
  std::vector<std::int64_t> values;
  for (const int processor : processors) {
    const auto value =
        files.number("sys/devices/system/cpu/cpu" + std::to_string(processor) + '/' + file);
    if (!value || *value <= 0) return {};
    values.push_back(*value);
  }
  if (values.empty()) return {};
  const double least = least_share * static_cast<double>(std::ranges::max(values));
  CoreKinds kinds;
  for (std::size_t i = 0; i < values.size(); ++i)
    (static_cast<double>(values[i]) < least ? kinds.efficiency : kinds.performance)
        .push_back(processors[i]);
  return kinds.efficiency.empty() ? CoreKinds{} : kinds;
}

}  // namespace

CoreKinds core_kinds(const MachineFiles& files, const std::vector<int>& processors) {
  CoreKinds kinds{of_device(files, "cpu_core"), of_device(files, "cpu_atom")};
  if (!kinds.performance.empty() && !kinds.efficiency.empty()) return kinds;
  kinds = by_file(files, processors, "cpu_capacity", least_capacity);
  if (!kinds.efficiency.empty()) return kinds;
  return by_file(files, processors, "cpufreq/cpuinfo_max_freq", least_frequency);
}

std::uint32_t distinct_cores(const MachineFiles& files, const std::vector<int>& processors) {
  std::set<std::string> cores;
  for (const int processor : processors) {
    const std::string folder =
        "sys/devices/system/cpu/cpu" + std::to_string(processor) + "/topology/";
    auto threads = files.line(folder + "core_cpus_list");
    if (!threads) threads = files.line(folder + "thread_siblings_list");  // before Linux 5.3
    if (threads) cores.insert(*threads);
  }
  return static_cast<std::uint32_t>(cores.size());
}

}  // namespace squall::agents
