#pragma once
// What a machine and its agent used in one interval of about a second, on the run's time axis.
// Counters are differences over the interval; gauges are as at its end. What the machine does not
// tell is absent, never 0.

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace squall::actors {

using std::chrono::nanoseconds;

struct GpuSample {
  std::optional<double> busy;  // 0..1
  std::optional<std::uint64_t> memory_used_bytes;
  std::optional<double> temperature;  // degrees Celsius
  std::optional<double> power;        // watts
  friend bool operator==(const GpuSample&, const GpuSample&) = default;
};

struct ResourceSample {
  nanoseconds from{0}, to{0};  // since the common start

  // ---- the machine
  nanoseconds cpu_busy{0};              // all processors together, everybody's work
  nanoseconds cpu_stolen{0};            // taken by the host of a virtual machine
  std::vector<std::uint8_t> core_busy;  // percent, each logical processor; at most 256
  std::optional<std::uint64_t> memory_available_bytes;
  std::optional<std::uint64_t> disk_read_bytes, disk_written_bytes;
  std::optional<std::uint64_t> network_received_bytes, network_sent_bytes;  // loopback included
  std::optional<double> temperature;                                        // degrees Celsius
  std::optional<double> frequency;  // hertz, mean over the processors
  std::vector<GpuSample> gpus;      // at most 16

  // ---- the agent's own process
  nanoseconds own_cpu{0};
  std::uint64_t resident_bytes = 0;
  std::optional<std::uint64_t> proportional_bytes;  // PSS: shared pages by share
  std::optional<std::uint64_t> allocated_bytes;     // by the allocator's own count
  std::uint64_t voluntary_switches = 0, involuntary_switches = 0;
  std::uint64_t minor_faults = 0, major_faults = 0;

  friend bool operator==(const ResourceSample&, const ResourceSample&) = default;
};

}  // namespace squall::actors
