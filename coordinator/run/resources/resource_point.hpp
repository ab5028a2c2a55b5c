#pragma once
// What one agent's machine and process used over one or more neighbouring samples: points merge, so
// that a long run stays as small as a short one and a window is one point.

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "actors/metrics/resource_sample.hpp"

namespace squall::coordinator {

using std::chrono::nanoseconds;

/// Something that goes up and down, over samples that tell it.
class Gauge {
 public:
  void add(double value);
  void merge(const Gauge& other);

  std::uint32_t samples() const { return samples_; }
  std::optional<double> mean() const;  // none without samples
  std::optional<double> lowest() const;
  std::optional<double> highest() const;

 private:
  double sum_ = 0, lowest_ = 0, highest_ = 0;
  std::uint32_t samples_ = 0;
};

/// Something that is counted, over samples that tell it.
struct Flow {
  double total = 0;
  nanoseconds told{0};  // how long it was
  double fastest = 0;   // per second, in one sample

  void add(double amount, nanoseconds length);
  void merge(const Flow& other);
  std::optional<double> per_second() const;  // none when it was never told
};

struct GpuPoint {
  Gauge busy, memory_used_bytes, temperature, power;
};

struct ResourcePoint {
  nanoseconds from{0}, to{0};  // since the common start
  nanoseconds covered{0};      // by samples
  std::uint32_t samples = 0;

  // ---- the machine
  Flow cpu_busy, cpu_stolen;  // per second: processors; not told without processors in the sample
  std::size_t processors = 0;
  Gauge busiest_processor;     // 0..1, of each sample
  Gauge saturated_processors;  // how many, in each sample
  Gauge memory_available_bytes, temperature, frequency;
  Flow disk_read, disk_written, network_received, network_sent;  // bytes
  std::vector<GpuPoint> gpus;

  // ---- the agent's own process
  Flow own_cpu;
  Gauge resident_bytes, proportional_bytes, allocated_bytes;
  Flow voluntary_switches, involuntary_switches, minor_faults, major_faults;

  explicit ResourcePoint(const actors::ResourceSample& sample);
  /// One that follows.
  void merge(const ResourcePoint& later);

  static constexpr std::uint8_t saturated_percent = 95;
};

}  // namespace squall::coordinator
