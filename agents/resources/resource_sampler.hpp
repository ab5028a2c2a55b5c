#pragma once
// Makes samples of what machine and process use, about one a second, from readings of both. One
// owner; time and the process's own figures are arguments.

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "actors/metrics/request_timeline.hpp"
#include "actors/metrics/resource_sample.hpp"
#include "agents/resource_monitor.hpp"
#include "agents/resources/machine_reader.hpp"

namespace squall::agents {

using actors::Instant;

/// Something that costs: it is read once in `period`, and more rarely where that would take more
/// than a thousandth of the time.
class RareReading {
 public:
  explicit RareReading(nanoseconds period) : period_(period) {}

  bool due(Instant now) const { return now >= next_; }
  void took(Instant begun, Instant ended);

  static constexpr int share = 1000;

 private:
  nanoseconds period_;
  Instant next_{};
};

/// Where figures come from.
struct ResourceSources {
  MachineReader machine;
  std::function<std::optional<std::uint64_t>()> allocated;  // by the allocator; may be empty
  std::function<std::vector<actors::GpuSample>()> gpus;     // of each; may be empty
  std::function<Instant()> now;                             // to see what a reading costs
};

class ResourceSampler {
 public:
  /// `start`: what samples count from.
  ResourceSampler(ResourceSources sources, Instant start);

  /// What has happened since the call before. The first one, and one that comes less than
  /// `shortest` after it, has none; a process that was stopped meanwhile has one long sample.
  std::optional<actors::ResourceSample> sample(const ResourceUse& own);

  static constexpr nanoseconds shortest = std::chrono::milliseconds(500);

 private:
  struct Reading {
    Instant at;
    MachineReading machine;
    ResourceUse own;
  };

  template <class Read>
  auto rarely(RareReading& when, Read read) -> decltype(read());

  ResourceSources sources_;
  Instant start_;
  std::optional<Reading> before_;
  RareReading proportional_{std::chrono::seconds(10)};
  RareReading temperature_{std::chrono::seconds(1)};
  RareReading frequency_{std::chrono::seconds(1)};
  RareReading gpus_{std::chrono::seconds(1)};
};

}  // namespace squall::agents
