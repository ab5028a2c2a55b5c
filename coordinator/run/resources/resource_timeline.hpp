#pragma once
// What all agents' machines used in the course of a run, and in its measured window. Pure
// arithmetic; one owner.
//
// Memory is bounded: all agents together keep at most `points_of_all` points, and each at least
// `fewest_points` and at most `most_points`. One that has more merges its neighbours two by two, so
// that each point stands for 2, 4, 8, … seconds. A point takes about 600 bytes, and 128 more for
// each GPU: 1,000 agents take 39 MB, whether for a minute or for a week.

#include <optional>
#include <vector>

#include "coordinator/run/resources/leak_rate.hpp"
#include "coordinator/run/resources/resource_point.hpp"

namespace squall::coordinator {

/// One agent's part.
class ResourceCourse {
 public:
  explicit ResourceCourse(std::size_t limit) : limit_(limit) {}

  /// In order of time; one that overlaps those before it, or is empty, is not counted. `measured`:
  /// it lies in the measured window.
  void add(const actors::ResourceSample& sample, bool measured);

  const std::vector<ResourcePoint>& points() const { return points_; }
  const std::optional<ResourcePoint>& measured() const { return measured_; }
  /// The newest sample alone, however many a point stands for.
  const std::optional<ResourcePoint>& newest() const { return newest_; }
  /// In the measured window, each logical processor: 0..1. Empty: not told.
  std::vector<double> processors_busy() const;
  /// What was resident in the measured window; points that reach beyond it are left out.
  std::vector<MemoryPoint> resident_memory() const;
  /// Likewise what was allocated; none where the program does not count it.
  std::vector<MemoryPoint> allocated_memory() const;

 private:
  void halve();
  std::vector<MemoryPoint> memory(Gauge ResourcePoint::*told) const;

  std::size_t limit_;
  std::uint32_t samples_a_point_ = 1;
  std::vector<ResourcePoint> points_;
  std::optional<ResourcePoint> measured_, newest_;
  std::vector<double> processor_seconds_;  // busy, in the measured window
  double processor_time_ = 0;              // of each of them
};

class ResourceTimeline {
 public:
  ResourceTimeline() = default;
  explicit ResourceTimeline(std::size_t agents);

  void add(std::size_t agent, const actors::ResourceSample& sample, bool measured) {
    courses_.at(agent).add(sample, measured);
  }
  const ResourceCourse& of_agent(std::size_t agent) const { return courses_.at(agent); }

  static constexpr std::size_t points_of_all = 65'536;
  static constexpr std::size_t fewest_points = 64, most_points = 1024;

 private:
  std::vector<ResourceCourse> courses_;
};

}  // namespace squall::coordinator
