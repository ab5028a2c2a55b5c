#include "coordinator/run/resources/resource_timeline.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace squall::coordinator {

namespace {

double in_seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void ResourceCourse::add(const actors::ResourceSample& sample, bool measured) {
  if (sample.to <= sample.from || (!points_.empty() && sample.from < points_.back().to)) return;
  const ResourcePoint point(sample);
  newest_ = point;
  if (!points_.empty() && points_.back().samples < samples_a_point_) {
    points_.back().merge(point);
  } else {
    if (points_.empty()) points_.reserve(limit_);  // growing would leave holes, a thousandfold
    if (points_.size() >= limit_) halve();
    points_.push_back(point);
  }
  if (!measured) return;
  if (measured_)
    measured_->merge(point);
  else
    measured_ = point;
  if (sample.core_busy.empty()) return;
  const double length = in_seconds(sample.to - sample.from);
  processor_time_ += length;
  if (processor_seconds_.size() < sample.core_busy.size())
    processor_seconds_.resize(sample.core_busy.size());
  for (std::size_t i = 0; i < sample.core_busy.size(); ++i)
    processor_seconds_[i] += sample.core_busy[i] / 100.0 * length;
}

void ResourceCourse::halve() {
  std::vector<ResourcePoint> half;
  half.reserve(limit_);
  for (std::size_t i = 0; i < points_.size(); i += 2) {
    half.push_back(std::move(points_[i]));
    if (i + 1 < points_.size()) half.back().merge(points_[i + 1]);
  }
  points_ = std::move(half);
  samples_a_point_ *= 2;
}

std::vector<double> ResourceCourse::processors_busy() const {
  std::vector<double> shares;
  for (const double seconds : processor_seconds_)
    shares.push_back(std::min(1.0, seconds / processor_time_));
  return shares;
}

std::vector<MemoryPoint> ResourceCourse::resident_memory() const {
  return memory(&ResourcePoint::resident_bytes);
}

std::vector<MemoryPoint> ResourceCourse::allocated_memory() const {
  return memory(&ResourcePoint::allocated_bytes);
}

std::vector<MemoryPoint> ResourceCourse::memory(Gauge ResourcePoint::*told) const {
  std::vector<MemoryPoint> memory;
  if (!measured_) return memory;
  for (const ResourcePoint& point : points_) {
    const auto bytes = (point.*told).mean();
    if (!bytes || point.from < measured_->from || point.to > measured_->to) continue;
    // A sample tells what there was at its end, so a point's mean is that of its samples' ends.
    const nanoseconds length = point.to - point.from;
    const nanoseconds at = point.to - length / 2 + length / (2 * point.samples);
    memory.push_back({in_seconds(at), *bytes});
  }
  return memory;
}

ResourceTimeline::ResourceTimeline(std::size_t agents) {
  const std::size_t share = points_of_all / std::max<std::size_t>(agents, 1);
  courses_.resize(agents, ResourceCourse(std::clamp(share, fewest_points, most_points)));
}

}  // namespace squall::coordinator
