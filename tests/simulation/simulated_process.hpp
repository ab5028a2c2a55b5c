#pragma once
// A process on a simulated machine: it has the machine's clock, can be stopped like by SIGSTOP and
// killed like by SIGKILL. While it is stopped what comes to it waits, each sort in its own order;
// which sort goes first afterwards is left to chance, as it is among real threads.

#include <array>
#include <deque>

#include "actors/metrics/request_timeline.hpp"
#include "scenarios/load/random.hpp"
#include "tests/simulation/event_queue.hpp"

namespace squall::tests {

using actors::Instant;

/// A machine's monotonic clock: a zero of its own, and a little too fast or too slow.
struct MachineClock {
  nanoseconds offset{0};   // what it shows when the simulation begins
  std::int64_t drift = 0;  // parts per billion

  Instant at(nanoseconds true_time) const;
  /// The first true instant at which it shows that much.
  nanoseconds when(Instant shown) const;
};

class SimulatedProcess {
 public:
  enum Lane { wire, timer, wakes, answers, lane_count };

  SimulatedProcess(EventQueue& queue, MachineClock clock, std::uint64_t seed)
      : queue_(&queue), clock_(clock), random_(seed) {}
  SimulatedProcess(const SimulatedProcess&) = delete;
  SimulatedProcess& operator=(const SimulatedProcess&) = delete;

  Instant now() const { return clock_.at(queue_->now()); }
  nanoseconds true_now() const { return queue_->now(); }
  const MachineClock& clock() const { return clock_; }
  scenarios::Random& random() { return random_; }

  /// Something comes to this process, as soon as it can hear it.
  void post(Lane lane, EventQueue::Event event);
  void post_at(Lane lane, Instant due, EventQueue::Event event);
  void post_after(Lane lane, nanoseconds delay, EventQueue::Event event);

  void stop() { stopped_ = true; }
  void go_on();
  void kill();

  bool alive() const { return alive_; }
  bool stopped() const { return stopped_; }
  std::size_t waiting() const;

 private:
  EventQueue* queue_;
  MachineClock clock_;
  scenarios::Random random_;
  bool alive_ = true, stopped_ = false;
  std::array<std::deque<EventQueue::Event>, lane_count> waiting_;
};

}  // namespace squall::tests
