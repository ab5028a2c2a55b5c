#pragma once
// What will happen in a simulation, in the order of true time: the time that no simulated machine
// knows. Events of the same instant happen in the order in which they were ordered.

#include <cassert>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

namespace squall::tests {

using std::chrono::nanoseconds;

class EventQueue {
 public:
  using Event = std::function<void()>;

  nanoseconds now() const { return now_; }
  /// Nothing happens in the past: an earlier instant counts as now.
  void at(nanoseconds when, Event event) {
    waiting_.push({std::max(when, now_), ordered_++, std::move(event)});
  }
  std::optional<nanoseconds> next() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.top().when;
  }
  /// Requires next(); `now` is not before this queue's.
  void pass_until(nanoseconds now) {
    assert(now >= now_);
    now_ = now;
  }
  void run_next() {
    // The element is gone from the heap right after it was moved from.
    Waiting next = std::move(const_cast<Waiting&>(waiting_.top()));
    waiting_.pop();
    pass_until(next.when);
    next.event();
  }
  std::uint64_t happened() const { return ordered_ - waiting_.size(); }

 private:
  struct Waiting {
    nanoseconds when{0};
    std::uint64_t order = 0;
    Event event;
    bool operator<(const Waiting& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };
  nanoseconds now_{0};
  std::uint64_t ordered_ = 0;
  std::priority_queue<Waiting> waiting_;
};

}  // namespace squall::tests
