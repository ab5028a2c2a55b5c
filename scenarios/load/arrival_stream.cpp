#include "scenarios/load/arrival_stream.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>
#include <vector>

#include "scenarios/load/random.hpp"
#include "scenarios/load/random_stream.hpp"

namespace squall::scenarios {

/// From one arrival of a random process to the next, whosever they are.
class RandomWalk {
 public:
  /// At the first arrival.
  RandomWalk(const OpenArrivals& load, std::uint64_t seed)
      : gaps_(seed, RandomStream::arrival_gaps) {
    if (load.process == OpenArrivals::Process::gamma) {
      // A gamma variable of this shape and scale has mean 1 and deviation `burstiness`.
      scale_ = load.burstiness * load.burstiness;
      shape_ = 1 / scale_;
      // The run begins somewhere in a gap, and likelier in a long one: its rest is a uniform part
      // of a gap drawn by length. So the rate is right from the first instant on.
      const double part = gaps_.uniform();
      add(part * gaps_.gamma(shape_ + 1) * scale_);
    } else {
      step();
    }
  }

  void step() { add(shape_ == 0 ? gaps_.exponential() : gaps_.gamma(shape_) * scale_); }
  double elapsed() const { return elapsed_; }

 private:
  // A whole number of 2^-24 mean gaps: the sum is exact, and arrivals that are not at once are
  // further apart than the rounding with which their instants are found, so their order stays.
  void add(double gap) { elapsed_ += std::floor(gap * 0x1p24 + 0.5) * 0x1p-24; }

  Random gaps_;
  double elapsed_ = 0;            // in mean gaps
  double shape_ = 0, scale_ = 1;  // of the gaps; shape 0: exponential
};

struct ArrivalMarks {
  struct Mark {
    std::uint64_t arrival;
    RandomWalk walk;  // is there
  };
  std::vector<Mark> marks;  // evenly spaced
  std::uint64_t arrivals = 0;
};

namespace {

// How many of the items begin .. end - 1 a share owns.
std::uint64_t owned(AgentShare share, std::uint64_t begin, std::uint64_t end) {
  const auto below = [&](std::uint64_t item) {
    const std::uint64_t place = item % share.count;
    return item / share.count * share.width +
           (place > share.index ? std::min<std::uint64_t>(place - share.index, share.width) : 0);
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
  // What comes at a smaller sum comes before `at`, whatever the rounding; that is one gap less.
  double safely_before(nanoseconds at) const { return rate_.total_until(std::min(at, stop_)) - 1; }
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
class EvenArrivals final : public RepeatableStream {
 public:
  EvenArrivals(Schedule schedule, AgentShare share)
      : schedule_(std::move(schedule)), share_(share), arrival_(share.index) {}

  std::optional<PlannedArrival> next() override {
    const auto total = static_cast<double>(arrival_);
    if (schedule_.ends_before(total)) return std::nullopt;
    const PlannedArrival planned{arrival_, schedule_.when(total)};
    arrival_ = share_.item_at(++number_);
    return planned;
  }

  std::uint64_t count_rest() override {
    const auto end = static_cast<std::uint64_t>(std::ceil(schedule_.end()));
    const std::uint64_t begin = std::exchange(arrival_, std::max(arrival_, end));
    return owned(share_, begin, end);
  }

  void skip_towards(nanoseconds at) override {
    const double passed = std::floor(schedule_.safely_before(at));
    if (passed < static_cast<double>(arrival_)) return;
    const auto first = static_cast<std::uint64_t>(passed);  // of which none before it is needed
    number_ = std::max(number_, first / share_.count * share_.width);
    arrival_ = share_.item_at(number_);
  }

  std::unique_ptr<RepeatableStream> copy() const override {
    return std::make_unique<EvenArrivals>(*this);
  }

 private:
  Schedule schedule_;
  AgentShare share_;
  std::uint64_t number_ = 0;  // of the next arrival, within the share
  std::uint64_t arrival_;
};

class RandomArrivals final : public RepeatableStream {
 public:
  RandomArrivals(Schedule schedule, AgentShare share, std::uint64_t seed, const OpenArrivals& load,
                 std::shared_ptr<const ArrivalMarks> marks)
      : schedule_(std::move(schedule)),
        share_(share),
        marks_(std::move(marks)),
        walk_(load, seed) {}

  std::optional<PlannedArrival> next() override {
    while (!ended()) {
      const std::uint64_t arrival = arrival_;
      const double elapsed = walk_.elapsed();
      advance();
      if (share_.owns(arrival)) return PlannedArrival{arrival, schedule_.when(elapsed)};
    }
    return std::nullopt;
  }

  std::uint64_t count_rest() override {
    const std::uint64_t begin = arrival_;
    if (marks_ != nullptr) arrival_ = marks_->arrivals;
    while (!ended()) advance();
    return owned(share_, begin, arrival_);
  }

  void skip_towards(nanoseconds at) override {
    const double passed = schedule_.safely_before(at);
    if (marks_ != nullptr) start_from_mark_before(passed);
    while (!ended() && walk_.elapsed() < passed) advance();
  }

  std::unique_ptr<RepeatableStream> copy() const override {
    return std::make_unique<RandomArrivals>(*this);
  }

 private:
  bool ended() const {
    if (marks_ != nullptr) return arrival_ >= marks_->arrivals;
    return schedule_.ends_before(walk_.elapsed());
  }
  void advance() {
    walk_.step();
    ++arrival_;
  }
  void start_from_mark_before(double elapsed) {
    const auto& marks = marks_->marks;
    const auto after = std::partition_point(
        marks.begin(), marks.end(),
        [&](const ArrivalMarks::Mark& mark) { return mark.walk.elapsed() < elapsed; });
    if (after == marks.begin() || std::prev(after)->arrival <= arrival_) return;
    arrival_ = std::prev(after)->arrival;
    walk_ = std::prev(after)->walk;
  }

  Schedule schedule_;
  AgentShare share_;
  std::shared_ptr<const ArrivalMarks> marks_;  // may be none
  std::uint64_t arrival_ = 0;                  // the next one, of any share …
  RandomWalk walk_;                            // … which is there
};

class ReplayedArrivals final : public RepeatableStream {
 public:
  ReplayedArrivals(const TraceReplay& load, std::shared_ptr<const Trace> trace, AgentShare share,
                   nanoseconds stop)
      : trace_(std::move(trace)), share_(share), time_scale_(load.time_scale) {
    const auto& entries = trace_->entries;
    const auto end =
        std::partition_point(entries.begin(), entries.end(),
                             [&](const TraceEntry& entry) { return when(entry) < stop; });
    end_ = static_cast<std::uint64_t>(end - entries.begin());
  }

  std::optional<PlannedArrival> next() override {
    while (entry_ < end_ && !share_.owns(entry_)) ++entry_;
    if (entry_ >= end_) return std::nullopt;
    const std::uint64_t entry = entry_++;
    return PlannedArrival{entry, when(trace_->entries[entry])};
  }

  std::uint64_t count_rest() override { return owned(share_, std::exchange(entry_, end_), end_); }

  void skip_towards(nanoseconds at) override {
    const auto& entries = trace_->entries;
    const auto begin = entries.begin();
    const auto first = std::partition_point(
        begin + static_cast<std::ptrdiff_t>(entry_), begin + static_cast<std::ptrdiff_t>(end_),
        [&](const TraceEntry& entry) { return when(entry) < at; });
    entry_ = static_cast<std::uint64_t>(first - begin);
  }

  std::unique_ptr<RepeatableStream> copy() const override {
    return std::make_unique<ReplayedArrivals>(*this);
  }

 private:
  nanoseconds when(const TraceEntry& entry) const {
    const auto recorded = static_cast<double>(entry.at.count());
    const double replayed = std::floor(recorded / time_scale_ + 0.5);
    constexpr double never = 0x1p62;
    return replayed < never ? nanoseconds(static_cast<std::int64_t>(replayed)) : nanoseconds::max();
  }

  std::shared_ptr<const Trace> trace_;
  AgentShare share_;
  double time_scale_;
  std::uint64_t entry_ = 0, end_ = 0;
};

}  // namespace

std::unique_ptr<RepeatableStream> stream_of(const OpenArrivals& load, std::uint64_t seed,
                                            AgentShare share, nanoseconds stop,
                                            std::shared_ptr<const ArrivalMarks> marks) {
  Schedule schedule(load.rate, stop);
  if (load.process == OpenArrivals::Process::constant) {
    return std::make_unique<EvenArrivals>(std::move(schedule), share);
  }
  return std::make_unique<RandomArrivals>(std::move(schedule), share, seed, load, std::move(marks));
}

std::shared_ptr<const ArrivalMarks> mark_arrivals(const OpenArrivals& load, std::uint64_t seed,
                                                  nanoseconds stop) {
  if (load.process == OpenArrivals::Process::constant) return nullptr;
  constexpr double nearest = 4096, most_marks = 4096;
  const Schedule schedule(load.rate, stop);
  const auto distance = static_cast<std::uint64_t>(std::max(nearest, schedule.end() / most_marks));
  auto marks = std::make_shared<ArrivalMarks>();
  for (RandomWalk walk(load, seed); !schedule.ends_before(walk.elapsed()); walk.step()) {
    const std::uint64_t arrival = marks->arrivals++;
    if (arrival % distance == 0) marks->marks.push_back({arrival, walk});
  }
  return marks;
}

std::unique_ptr<RepeatableStream> stream_of(const TraceReplay& load,
                                            std::shared_ptr<const Trace> trace, AgentShare share,
                                            nanoseconds stop) {
  assert(trace != nullptr && load.time_scale > 0);
  return std::make_unique<ReplayedArrivals>(load, std::move(trace), share, stop);
}

}  // namespace squall::scenarios
