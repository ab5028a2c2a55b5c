#pragma once
// Log-linear histogram of durations: HdrHistogram's layout (Tene, hdrhistogram.org), unit 1 us,
// three significant digits (error <= 0.1 % or half the unit), up to about 38 hours.
//
// A value's bucket is that of its whole microseconds, rounded down, so 400 ns is an ordinary value
// in the first bucket. Negative values (underflow) and those beyond the range (overflow) are
// counted apart, never clamped. Merging adds counts, in any order, bit-exact. Not thread-safe; one
// owner.
//
// Few filled buckets, as of a short interval, are a list; more are an array up to the last one.
// Which of the two it is follows from the counts alone.

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace squall::actors {

using std::chrono::nanoseconds;

class Histogram {
 public:
  /// Indices into the bucket layout, ascending, with their counts.
  using SparseCounts = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

  void record(nanoseconds value, std::uint64_t times = 1);  // negative counts as underflow
  void merge(const Histogram& other);
  /// Adds all but the buckets: number, sum and extremes stay right, ranks are lost.
  void merge_without_buckets(const Histogram& other);

  std::uint64_t count() const { return count_; }  // underflow and overflow included
  std::uint64_t underflow() const { return underflow_; }
  std::uint64_t overflow() const { return overflow_; }
  nanoseconds sum() const { return sum_; }  // exact while within 292 years
  nanoseconds minimum() const;              // exact; requires count() > 0
  nanoseconds maximum() const;              // exact; requires count() > 0
  nanoseconds mean() const;                 // exact; requires count() > 0

  /// The value of rank r (1 .. count()), as the midpoint of its bucket clamped to [minimum,
  /// maximum]. Ranks among the underflow give the minimum, among the overflow the maximum.
  nanoseconds value_at_rank(std::uint64_t rank) const;
  /// The value of rank ceil(count * percentile / 100), for 1 .. 100; requires count() > 0. Of what
  /// was recorded: no estimate of others, so no floor of samples applies.
  nanoseconds value_at_percentile(unsigned percentile) const;
  /// Recorded values strictly greater than `limit`, to bucket resolution.
  std::uint64_t count_above(nanoseconds limit) const;

  /// What a histogram consists of; how it travels.
  struct Parts {
    SparseCounts counts;
    std::uint64_t underflow = 0, overflow = 0;
    nanoseconds sum{0}, minimum{0}, maximum{0};
  };
  Parts parts() const;
  /// Rebuilds a histogram; empty when the parts cannot be one: an index outside the layout or not
  /// ascending, a zero count, more than count_limit values, extremes or a sum that the counts deny.
  static std::optional<Histogram> from_parts(Parts parts);

  static constexpr std::uint32_t bucket_limit = 28 * 1024;              // indices are below this
  static constexpr std::uint64_t count_limit = std::uint64_t{1} << 48;  // more cannot be honest
  friend bool operator==(const Histogram&, const Histogram&) = default;

 private:
  void add_all_but_buckets(const Histogram& other);
  void merge_few(const SparseCounts& other);
  void spread();  // from the list to the array

  static constexpr std::size_t few_limit = 128;

  SparseCounts few_;                   // at most few_limit; empty where there is an array
  std::vector<std::uint64_t> counts_;  // empty where there is a list; the last one is never zero
  std::uint64_t count_ = 0, underflow_ = 0, overflow_ = 0;
  nanoseconds sum_{0}, minimum_{0}, maximum_{0};
};

}  // namespace squall::actors
