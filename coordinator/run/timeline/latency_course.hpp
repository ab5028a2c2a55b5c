#pragma once
// How long answers took in the course of a run, coarsely: for each stretch of time how many fell
// into which bucket, four an octave. For heat maps. Pure arithmetic; one owner.
//
// The buckets are made of whole buckets of actors::Histogram, so merging is exact. Memory is
// bounded: when there are more than `most_stretches`, neighbours merge two by two, and a stretch
// stands for 2, 4, 8, … seconds: at most some 6 MB, whether for a minute or for a week.

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

#include "actors/metrics/histogram.hpp"

namespace squall::coordinator {

using std::chrono::nanoseconds;

/// Counts by coarse bucket, ascending; only those that are not empty.
class CoarseHistogram {
 public:
  CoarseHistogram() = default;
  explicit CoarseHistogram(const actors::Histogram& histogram);

  void merge(const CoarseHistogram& other);
  const std::vector<std::pair<std::uint32_t, std::uint64_t>>& counts() const { return counts_; }

  /// Bucket `index` is [edge(index), edge(index + 1)). Below 4 us buckets are a microsecond wide.
  /// What is negative is counted in the first, what is beyond the histogram's range in the last.
  static nanoseconds edge(std::uint32_t index);
  static constexpr std::uint32_t bucket_limit = 145;  // indices are below this; the last: 38 h

  friend bool operator==(const CoarseHistogram&, const CoarseHistogram&) = default;

 private:
  std::vector<std::pair<std::uint32_t, std::uint64_t>> counts_;
};

class LatencyCourse {
 public:
  /// Of requests that completed in the stretch.
  struct Stretch {
    CoarseHistogram ttft, tpot, e2e;
    void merge(const Stretch& other);
  };

  /// What completed in that second of the run.
  void add(std::int64_t second, const Stretch& stretch);

  std::int64_t seconds_a_stretch() const { return length_; }
  /// By the second in which they begin; those in which nothing completed may be missing.
  const std::map<std::int64_t, Stretch>& stretches() const { return stretches_; }

  static constexpr std::size_t most_stretches = 1024;

 private:
  std::int64_t beginning_of(std::int64_t second) const;
  void double_length();

  std::int64_t length_ = 1;
  std::map<std::int64_t, Stretch> stretches_;
};

}  // namespace squall::coordinator
