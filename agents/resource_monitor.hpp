#pragma once
// What this process uses of the machine, read from the kernel.

#include <chrono>
#include <cstdint>

namespace squall::agents {

struct ResourceUse {
  std::chrono::nanoseconds cpu{0};   // user and system time since the process began, all threads
  std::uint64_t resident_bytes = 0;  // 0 when the kernel does not tell
};

ResourceUse measure_own_process();

/// CPU time of the calling thread since it began.
std::chrono::nanoseconds own_thread_cpu();

}  // namespace squall::agents
