#pragma once
// Which cores a program may use, the fastest first.

#include <filesystem>
#include <vector>

namespace squall::kernels {

/// What the system tells of one logical processor.
struct Core {
  int number = 0;
  long capacity = 0;  // larger is faster; 0 where the system does not say
  int sibling = 0;    // 0: the first of its physical core that may be used, 1: the second, …
};

/// The processors that this thread may run on, with what `topology` tells of them.
std::vector<Core> usable_cores(const std::filesystem::path& topology = "/sys/devices/system/cpu");

/// The given ones, read from `topology`.
std::vector<Core> describe_cores(const std::vector<int>& numbers,
                                 const std::filesystem::path& topology);

/// Performance cores, then slower ones, then the second threads of the former.
std::vector<int> best_first(std::vector<Core> cores);

}  // namespace squall::kernels
