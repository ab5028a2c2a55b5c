#include "actors/metrics/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace squall::actors {

namespace {

constexpr std::int64_t unit = 1000;         // nanoseconds in the unit, 1 us
constexpr std::uint32_t half_count = 1024;  // sub-buckets a power of two: three digits
constexpr int linear_bits = 11;             // values below 2^11 units have a bucket each

/// Bucket of a duration; bucket_limit or more when it is beyond the range. Requires value >= 0.
std::uint64_t index_of(nanoseconds value) {
  const auto units = static_cast<std::uint64_t>(value.count() / unit);
  const int excess = std::max(0, static_cast<int>(std::bit_width(units)) - linear_bits);
  return static_cast<std::uint64_t>(excess) * half_count + (units >> excess);
}

/// Sums wrap around at 292 years instead of being undefined there, which keeps merging exact in any
/// order whatever a peer claims.
nanoseconds wrapping_sum(nanoseconds sum, nanoseconds value, std::uint64_t times) {
  const auto product = static_cast<std::uint64_t>(value.count()) * times;
  return nanoseconds(static_cast<std::int64_t>(static_cast<std::uint64_t>(sum.count()) + product));
}

nanoseconds middle_of(std::uint32_t index) {
  const std::uint32_t excess = index < 2 * half_count ? 0 : index / half_count - 1;
  const std::uint64_t lowest = static_cast<std::uint64_t>(index - excess * half_count) << excess;
  const auto width = static_cast<std::int64_t>(unit) << excess;
  return nanoseconds(static_cast<std::int64_t>(lowest) * unit + width / 2);
}

}  // namespace

void Histogram::record(nanoseconds value, std::uint64_t times) {
  if (times == 0) return;
  minimum_ = count_ == 0 ? value : std::min(minimum_, value);
  maximum_ = count_ == 0 ? value : std::max(maximum_, value);
  count_ += times;
  sum_ = wrapping_sum(sum_, value, times);
  if (value < nanoseconds{0}) {
    underflow_ += times;
    return;
  }
  const std::uint64_t index = index_of(value);
  if (index >= bucket_limit) {
    overflow_ += times;
    return;
  }
  const auto bucket = static_cast<std::uint32_t>(index);
  if (counts_.empty()) {
    const auto place = std::ranges::lower_bound(few_, bucket, {}, &SparseCounts::value_type::first);
    if (place != few_.end() && place->first == bucket) {
      place->second += times;
      return;
    }
    if (few_.size() < few_limit) {
      few_.insert(place, {bucket, times});
      return;
    }
    spread();
  }
  if (bucket >= counts_.size()) counts_.resize(bucket + 1);
  counts_[bucket] += times;
}

void Histogram::spread() {
  if (!few_.empty()) counts_.resize(few_.back().first + 1);
  for (const auto& [index, times] : few_) counts_[index] = times;
  few_ = {};
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  add_all_but_buckets(other);
  if (other.counts_.empty()) {
    merge_few(other.few_);
    return;
  }
  if (counts_.empty()) spread();
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
}

void Histogram::merge_few(const SparseCounts& other) {
  if (other.empty()) return;
  if (!counts_.empty()) {
    if (other.back().first >= counts_.size()) counts_.resize(other.back().first + 1);
    for (const auto& [index, times] : other) counts_[index] += times;
    return;
  }
  SparseCounts both;
  both.reserve(few_.size() + other.size());
  auto mine = few_.begin();
  for (const auto& [index, times] : other) {
    while (mine != few_.end() && mine->first < index) both.push_back(*mine++);
    const bool shared = mine != few_.end() && mine->first == index;
    both.emplace_back(index, shared ? times + (mine++)->second : times);
  }
  both.insert(both.end(), mine, few_.end());
  few_ = std::move(both);
  if (few_.size() > few_limit) spread();
}

void Histogram::merge_without_buckets(const Histogram& other) {
  if (other.count_ > 0) add_all_but_buckets(other);
}

void Histogram::add_all_but_buckets(const Histogram& other) {
  minimum_ = count_ == 0 ? other.minimum_ : std::min(minimum_, other.minimum_);
  maximum_ = count_ == 0 ? other.maximum_ : std::max(maximum_, other.maximum_);
  count_ += other.count_;
  underflow_ += other.underflow_;
  overflow_ += other.overflow_;
  sum_ = wrapping_sum(sum_, other.sum_, 1);
}

nanoseconds Histogram::minimum() const {
  assert(count_ > 0);
  return minimum_;
}

nanoseconds Histogram::maximum() const {
  assert(count_ > 0);
  return maximum_;
}

nanoseconds Histogram::mean() const {
  assert(count_ > 0);
  return sum_ / static_cast<std::int64_t>(count_);
}

nanoseconds Histogram::value_at_rank(std::uint64_t rank) const {
  assert(rank >= 1 && rank <= count_);
  if (rank <= underflow_) return minimum_;
  std::uint64_t below = underflow_;
  for (const auto& [index, times] : few_) {
    below += times;
    if (rank <= below) return std::clamp(middle_of(index), minimum_, maximum_);
  }
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    below += counts_[i];
    if (rank <= below)
      return std::clamp(middle_of(static_cast<std::uint32_t>(i)), minimum_, maximum_);
  }
  return maximum_;
}

nanoseconds Histogram::value_at_percentile(unsigned percentile) const {
  assert(percentile >= 1 && percentile <= 100);
  // Written so that count * percentile cannot overflow first.
  const std::uint64_t above = 100 - percentile;
  return value_at_rank(count_ - count_ / 100 * above - count_ % 100 * above / 100);
}

std::uint64_t Histogram::count_above(nanoseconds limit) const {
  std::uint64_t above = maximum_ > limit ? overflow_ : 0;
  for (const auto& [index, times] : few_)
    if (std::clamp(middle_of(index), minimum_, maximum_) > limit) above += times;
  for (std::size_t i = counts_.size(); i-- > 0;) {
    if (std::clamp(middle_of(static_cast<std::uint32_t>(i)), minimum_, maximum_) <= limit) break;
    above += counts_[i];
  }
  return above;
}

Histogram::Parts Histogram::parts() const {
  Parts parts{few_, underflow_, overflow_, sum_, minimum_, maximum_};
  for (std::size_t i = 0; i < counts_.size(); ++i)
    if (counts_[i] != 0) parts.counts.emplace_back(static_cast<std::uint32_t>(i), counts_[i]);
  return parts;
}

namespace {

/// The extremes have to lie where the counts say, and the sum between them.
bool extremes_fit(const Histogram::Parts& parts, std::uint64_t total) {
  __extension__ using Wide = __int128;
  const Wide sum = parts.sum.count();
  const Wide count = total;
  if (parts.minimum > parts.maximum || sum < count * parts.minimum.count() ||
      sum > count * parts.maximum.count())
    return false;
  if ((parts.underflow > 0) != (parts.minimum < nanoseconds{0})) return false;
  if (parts.maximum < nanoseconds{0}) return parts.counts.empty() && parts.overflow == 0;
  const std::uint64_t highest = index_of(parts.maximum);
  if ((parts.overflow > 0) != (highest >= Histogram::bucket_limit)) return false;
  if (parts.overflow == 0 && (parts.counts.empty() || highest != parts.counts.back().first))
    return false;
  if (parts.underflow > 0) return true;
  const std::uint64_t lowest = index_of(parts.minimum);
  return parts.counts.empty() ? lowest >= Histogram::bucket_limit
                              : lowest == parts.counts.front().first;
}

}  // namespace

std::optional<Histogram> Histogram::from_parts(Parts parts) {
  Histogram made;
  const auto add = [&](std::uint64_t count) {
    if (count > count_limit - made.count_) return false;
    made.count_ += count;
    return true;
  };
  if (!add(parts.underflow) || !add(parts.overflow)) return std::nullopt;
  std::optional<std::uint32_t> before;
  for (const auto& [index, count] : parts.counts) {
    if (index >= bucket_limit || count == 0 || (before && index <= *before)) return std::nullopt;
    if (!add(count)) return std::nullopt;
    before = index;
  }
  if (made.count_ == 0) {
    const bool blank = parts.sum == nanoseconds{0} && parts.minimum == nanoseconds{0} &&
                       parts.maximum == nanoseconds{0};
    return blank ? std::optional(made) : std::nullopt;
  }
  if (!extremes_fit(parts, made.count_)) return std::nullopt;
  made.few_ = std::move(parts.counts);
  if (made.few_.size() > few_limit) made.spread();
  made.underflow_ = parts.underflow;
  made.overflow_ = parts.overflow;
  made.sum_ = parts.sum;
  made.minimum_ = parts.minimum;
  made.maximum_ = parts.maximum;
  return made;
}

}  // namespace squall::actors
