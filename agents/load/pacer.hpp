#pragma once
// Wakes by absolute deadline from a thread of its own, never re-anchored: a late wake does not move
// the ones after it, and carries the instant that was intended.
//
// Thread-safe. Lateness on an idle machine is about 30 us (timer slack set to its minimum).

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

#include "actors/metrics/request_timeline.hpp"
#include "agents/thread_priority.hpp"

namespace squall::agents {

using actors::Instant;

template <class Sleeper>
class Pacer {
 public:
  struct PlannedWake {
    Instant at;
    Sleeper sleeper;
    std::uint64_t item = 0;
  };
  /// Called on the pacer's thread, in order of `at`.
  using OnWake = std::function<void(PlannedWake)>;

  explicit Pacer(OnWake on_wake) : on_wake_(std::move(on_wake)), thread_([this] { run(); }) {}

  ~Pacer() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  void wake_at(PlannedWake wake) {
    bool earliest = false;
    {
      const std::lock_guard lock(mutex_);
      earliest = wakes_.empty() || wake.at < wakes_.top().at;
      wakes_.push(std::move(wake));
    }
    if (earliest) changed_.notify_one();
  }

  /// Forgets all wakes; none is delivered after this returns.
  void clear() {
    const std::lock_guard delivering(delivery_);
    const std::lock_guard lock(mutex_);
    wakes_ = {};
  }

 private:
  struct Later {
    bool operator()(const PlannedWake& a, const PlannedWake& b) const {
      return a.at != b.at ? a.at > b.at : a.item > b.item;
    }
  };

  void run();
  void deliver_next();

  OnWake on_wake_;
  std::mutex delivery_;  // held while a wake is being delivered
  std::mutex mutex_;     // guards what follows
  std::condition_variable changed_;
  std::priority_queue<PlannedWake, std::vector<PlannedWake>, Later> wakes_;
  bool ending_ = false;
  std::thread thread_;
};

template <class Sleeper>
void Pacer<Sleeper>::run() {
  minimise_timer_slack();
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (ending_) return;
      if (wakes_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const Instant next = wakes_.top().at;
      if (std::chrono::steady_clock::now() < next) {
        changed_.wait_until(lock, next);
        continue;
      }
    }
    deliver_next();
  }
}

template <class Sleeper>
void Pacer<Sleeper>::deliver_next() {
  const std::lock_guard delivering(delivery_);
  std::unique_lock lock(mutex_);
  if (wakes_.empty()) return;  // cleared meanwhile
  PlannedWake wake = wakes_.top();
  wakes_.pop();
  lock.unlock();
  on_wake_(std::move(wake));
}

}  // namespace squall::agents
