#include "scenarios/load/arrival_stream.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "scenarios/load/random_stream.hpp"

namespace squall::scenarios {

namespace {

// How many of the items begin .. end - 1 a share owns.
std::uint64_t owned(AgentShare share, std::uint64_t begin, std::uint64_t end) {
  const auto below = [&](std::uint64_t item) {
    return item / share.count + (item % share.count > share.index ? 1 : 0);
  };
  return begin < end ? below(end) - below(begin) : 0;
}

// Where a rate's integral is the sum of the gaps so far. The plan ends where that reaches the
// integral at the stop: so that counting needs no instants and agrees with what the stream gives.
class Schedule {
 public:
  Schedule(LoadShape rate, nanoseconds stop)
      : rate_(std::move(rate)), stop_(stop), end_(rate_.total_until(stop)) {}

  bool ends_before(double total) const { return total >= end_; }
  double end() const { return end_; }
  // Rounding may bring the last one to the stop itself.
  nanoseconds when(double total) const {
    return std::min(rate_.when_total_is(total), stop_ - nanoseconds{1});
  }

 private:
  LoadShape rate_;
  nanoseconds stop_;
  double end_;
};

// Arrival k comes when the integral is k.
class EvenArrivals final : public ArrivalStream {
 public:
  EvenArrivals(Schedule schedule, AgentShare share)
      : schedule_(std::move(schedule)), share_(share), arrival_(share.index) {}

  std::optional<PlannedArrival> next() override {
    const auto total = static_cast<double>(arrival_);
    if (schedule_.ends_before(total)) return std::nullopt;
    const PlannedArrival planned{arrival_, schedule_.when(total)};
    arrival_ += share_.count;
    return planned;
  }

  std::uint64_t count_rest() override {
    const auto end = static_cast<std::uint64_t>(std::ceil(schedule_.end()));
    const std::uint64_t begin = std::exchange(arrival_, std::max(arrival_, end));
    return owned(share_, begin, end);
  }

 private:
  Schedule schedule_;
  AgentShare share_;
  std::uint64_t arrival_;
};

class RandomArrivals final : public ArrivalStream {
 public:
  RandomArrivals(Schedule schedule, AgentShare share, std::uint64_t seed, const OpenArrivals& load)
      : schedule_(std::move(schedule)), share_(share), gaps_(seed, RandomStream::arrival_gaps) {
    if (load.process == OpenArrivals::Process::gamma) {
      // A gamma variable of this shape and scale has mean 1 and deviation `burstiness`.
      scale_ = load.burstiness * load.burstiness;
      shape_ = 1 / scale_;
      first_ = true;
    }
  }

  std::optional<PlannedArrival> next() override {
    while (step()) {
      const std::uint64_t arrival = arrival_++;
      if (share_.owns(arrival)) return PlannedArrival{arrival, schedule_.when(elapsed_)};
    }
    return std::nullopt;
  }

  std::uint64_t count_rest() override {
    const std::uint64_t begin = arrival_;
    while (step()) ++arrival_;
    return owned(share_, begin, arrival_);
  }

 private:
  // To the next arrival; false at the end, and ever after.
  bool step() {
    // A whole number of 2^-24 mean gaps: the sum is exact, and arrivals that are not at once are
    // further apart than the rounding with which their instants are found, so their order stays.
    if (!schedule_.ends_before(elapsed_)) elapsed_ += std::floor(gap() * 0x1p24 + 0.5) * 0x1p-24;
    return !schedule_.ends_before(elapsed_);
  }

  double gap() {
    if (shape_ == 0) return gaps_.exponential();
    // The run begins somewhere in a gap, and likelier in a long one: its rest is a uniform part of
    // a gap drawn by length. So the rate is right from the first instant on.
    if (std::exchange(first_, false)) return gaps_.uniform() * gaps_.gamma(shape_ + 1) * scale_;
    return gaps_.gamma(shape_) * scale_;
  }

  Schedule schedule_;
  AgentShare share_;
  Random gaps_;
  double elapsed_ = 0;  // in mean gaps
  std::uint64_t arrival_ = 0;
  double shape_ = 0, scale_ = 1;  // of the gaps; shape 0: exponential
  bool first_ = false;
};

class ReplayedArrivals final : public ArrivalStream {
 public:
  ReplayedArrivals(const TraceReplay& load, std::shared_ptr<const Trace> trace, AgentShare share,
                   nanoseconds stop)
      : trace_(std::move(trace)), share_(share), time_scale_(load.time_scale) {
    const auto& entries = trace_->entries;
    entry_ = std::min<std::uint64_t>(load.skip, entries.size());
    const std::uint64_t left = entries.size() - entry_;
    const auto first = entries.begin() + static_cast<std::ptrdiff_t>(entry_);
    const auto last =
        first + static_cast<std::ptrdiff_t>(load.limit == 0 ? left : std::min(load.limit, left));
    if (first != last) origin_ = first->at;
    const auto end = std::partition_point(
        first, last, [&](const TraceEntry& entry) { return when(entry) < stop; });
    end_ = static_cast<std::uint64_t>(end - entries.begin());
  }

  std::optional<PlannedArrival> next() override {
    while (entry_ < end_ && !share_.owns(entry_)) ++entry_;
    if (entry_ >= end_) return std::nullopt;
    const std::uint64_t entry = entry_++;
    return PlannedArrival{entry, when(trace_->entries[entry])};
  }

  std::uint64_t count_rest() override { return owned(share_, std::exchange(entry_, end_), end_); }

 private:
  nanoseconds when(const TraceEntry& entry) const {
    const auto recorded = static_cast<double>((entry.at - origin_).count());
    const double replayed = std::floor(recorded / time_scale_ + 0.5);
    constexpr double never = 0x1p62;
    return replayed < never ? nanoseconds(static_cast<std::int64_t>(replayed)) : nanoseconds::max();
  }

  std::shared_ptr<const Trace> trace_;
  AgentShare share_;
  double time_scale_;
  nanoseconds origin_{0};
  std::uint64_t entry_ = 0, end_ = 0;
};

}  // namespace

std::unique_ptr<ArrivalStream> stream_of(const OpenArrivals& load, std::uint64_t seed,
                                         AgentShare share, nanoseconds stop) {
  Schedule schedule(load.rate, stop);
  if (load.process == OpenArrivals::Process::constant) {
    return std::make_unique<EvenArrivals>(std::move(schedule), share);
  }
  return std::make_unique<RandomArrivals>(std::move(schedule), share, seed, load);
}

std::unique_ptr<ArrivalStream> stream_of(const TraceReplay& load,
                                         std::shared_ptr<const Trace> trace, AgentShare share,
                                         nanoseconds stop) {
  assert(trace != nullptr && load.time_scale > 0);
  return std::make_unique<ReplayedArrivals>(load, std::move(trace), share, stop);
}

}  // namespace squall::scenarios
