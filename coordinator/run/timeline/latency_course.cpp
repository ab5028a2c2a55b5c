#include "coordinator/run/timeline/latency_course.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace squall::coordinator {

using actors::Histogram;

namespace {

constexpr nanoseconds unit = std::chrono::microseconds(1);

/// The smallest value of a bucket of actors::Histogram, in microseconds: HdrHistogram's layout with
/// 1,024 buckets a power of two.
std::uint64_t smallest_of(std::uint32_t index) {
  constexpr std::uint32_t half = 1024;
  const std::uint32_t shift = index < 2 * half ? 0 : index / half - 1;
  return static_cast<std::uint64_t>(index - shift * half) << shift;
}

/// The same layout with four buckets a power of two.
std::uint32_t coarse_index(std::uint64_t units) {
  if (units < 4) return static_cast<std::uint32_t>(units);
  const auto octave = static_cast<std::uint32_t>(std::bit_width(units)) - 1;
  return (octave - 1) * 4 + static_cast<std::uint32_t>(units >> (octave - 2) & 3U);
}

}  // namespace

CoarseHistogram::CoarseHistogram(const Histogram& histogram) {
  const Histogram::Parts parts = histogram.parts();
  const auto add = [&](std::uint32_t index, std::uint64_t times) {
    if (times == 0) return;
    if (!counts_.empty() && counts_.back().first == index)
      counts_.back().second += times;
    else
      counts_.emplace_back(index, times);
  };
  add(0, parts.underflow);
  for (const auto& [index, times] : parts.counts) add(coarse_index(smallest_of(index)), times);
  add(bucket_limit - 1, parts.overflow);
}

nanoseconds CoarseHistogram::edge(std::uint32_t index) {
  assert(index <= bucket_limit);
  if (index < 4) return unit * index;
  const std::uint32_t octave = index / 4 + 1;
  return unit *
         static_cast<std::int64_t>(static_cast<std::uint64_t>(4 + index % 4) << (octave - 2));
}

void CoarseHistogram::merge(const CoarseHistogram& other) {
  std::vector<std::pair<std::uint32_t, std::uint64_t>> merged;
  merged.reserve(counts_.size() + other.counts_.size());
  auto mine = counts_.begin();
  auto theirs = other.counts_.begin();
  while (mine != counts_.end() || theirs != other.counts_.end()) {
    if (theirs == other.counts_.end() || (mine != counts_.end() && mine->first < theirs->first)) {
      merged.push_back(*mine++);
    } else if (mine == counts_.end() || theirs->first < mine->first) {
      merged.push_back(*theirs++);
    } else {
      merged.emplace_back(mine->first, mine->second + theirs->second);
      ++mine, ++theirs;
    }
  }
  counts_ = std::move(merged);
}

void LatencyCourse::Stretch::merge(const Stretch& other) {
  ttft.merge(other.ttft);
  tpot.merge(other.tpot);
  e2e.merge(other.e2e);
}

std::int64_t LatencyCourse::beginning_of(std::int64_t second) const {
  const std::int64_t rest = second % length_;
  return second - (rest < 0 ? rest + length_ : rest);
}

void LatencyCourse::add(std::int64_t second, const Stretch& stretch) {
  stretches_[beginning_of(second)].merge(stretch);
  while (stretches_.size() > most_stretches) double_length();
}

void LatencyCourse::double_length() {
  length_ *= 2;
  std::map<std::int64_t, Stretch> merged;
  for (const auto& [second, stretch] : stretches_) merged[beginning_of(second)].merge(stretch);
  stretches_ = std::move(merged);
}

}  // namespace squall::coordinator
