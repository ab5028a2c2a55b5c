#pragma once
// What this process costs: CPU time, in all and by thread, and memory.

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace squall::benchmarks {

/// Of RUSAGE_SELF or RUSAGE_THREAD.
inline double cpu_seconds(int whose = RUSAGE_SELF) {
  rusage usage{};
  getrusage(whose, &usage);
  const auto seconds = [](timeval time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

inline std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// CPU seconds by thread: "ZMQbg/IO/0 1234", from proc(5).
inline std::map<std::string, double> cpu_by_thread() {
  std::map<std::string, double> threads;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(each.path() / "stat");
    std::string line;
    std::getline(file, line);
    const auto open = line.find('('), close = line.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;
    std::istringstream rest(line.substr(close + 2));
    std::string word;
    for (int field = 3; field < 14; ++field) rest >> word;
    double user = 0, system = 0;
    rest >> user >> system;
    threads[line.substr(open + 1, close - open - 1) + " " + each.path().filename().string()] =
        (user + system) / ticks;
  }
  return threads;
}

}  // namespace squall::benchmarks
