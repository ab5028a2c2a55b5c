#include "agents/resource_monitor.hpp"

#include <ctime>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

namespace squall::agents {

namespace {

std::chrono::nanoseconds read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

ResourceUse measure_own_process() {
  ResourceUse use;
  use.cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
  // proc(5): the second number of statm is the resident set in pages.
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  if (statm >> size >> resident)
    use.resident_bytes = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  rusage counted{};
  getrusage(RUSAGE_SELF, &counted);
  use.voluntary_switches = static_cast<std::uint64_t>(counted.ru_nvcsw);
  use.involuntary_switches = static_cast<std::uint64_t>(counted.ru_nivcsw);
  use.minor_faults = static_cast<std::uint64_t>(counted.ru_minflt);
  use.major_faults = static_cast<std::uint64_t>(counted.ru_majflt);
  return use;
}

std::chrono::nanoseconds own_thread_cpu() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace squall::agents
