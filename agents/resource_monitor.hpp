#pragma once
// What this process uses of the machine, read from the kernel.

#include <chrono>
#include <cstdint>

namespace squall::agents {

struct ResourceUse {
  std::chrono::nanoseconds cpu{0};   // user and system time since the process began, all threads
  std::uint64_t resident_bytes = 0;  // 0 when the kernel does not tell
  // Since the process began, all threads.
  std::uint64_t voluntary_switches = 0, involuntary_switches = 0;
  std::uint64_t minor_faults = 0, major_faults = 0;
};

ResourceUse measure_own_process();

/// CPU time of the calling thread since it began.
std::chrono::nanoseconds own_thread_cpu();

}  // namespace squall::agents
