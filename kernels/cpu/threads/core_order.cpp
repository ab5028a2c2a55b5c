#include "kernels/cpu/threads/core_order.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <tuple>

#if defined(__linux__)
#include <sched.h>
#endif

namespace squall::kernels {
namespace {

long number_in(const std::filesystem::path& file, long otherwise) {
  std::ifstream stream(file);
  long number = 0;
  return stream >> number ? number : otherwise;
}

std::string text_in(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string text;
  std::getline(stream, text);
  return text;
}

}  // namespace

std::vector<Core> describe_cores(const std::vector<int>& numbers,
                                 const std::filesystem::path& topology) {
  std::vector<Core> cores;
  std::map<std::string, int> seen;  // processors of each physical core so far
  for (const int number : numbers) {
    const auto folder = topology / ("cpu" + std::to_string(number));
    // Arm systems tell a capacity; where there is none, the highest frequency says the same.
    const long frequency = number_in(folder / "cpufreq" / "cpuinfo_max_freq", 0);
    // The same text for all processors of a physical core: "0,4" or "0-1".
    const std::string siblings = text_in(folder / "topology" / "thread_siblings_list");
    cores.push_back({.number = number,
                     .capacity = number_in(folder / "cpu_capacity", frequency),
                     .sibling = siblings.empty() ? 0 : seen[siblings]++});
  }
  return cores;
}

std::vector<Core> usable_cores(const std::filesystem::path& topology) {
  std::vector<int> numbers;
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (int number = 0; number < CPU_SETSIZE; ++number) {
      if (CPU_ISSET(number, &set)) numbers.push_back(number);
    }
  }
#endif
  return describe_cores(numbers, topology);
}

std::vector<int> best_first(std::vector<Core> cores) {
  std::ranges::stable_sort(cores, {}, [](const Core& core) {
    return std::tuple(core.sibling, -core.capacity, core.number);
  });
  std::vector<int> numbers;
  for (const Core& core : cores) numbers.push_back(core.number);
  return numbers;
}

}  // namespace squall::kernels
