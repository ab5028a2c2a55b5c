#pragma once
// Calls functions at absolute instants, one after another, on a thread of its own: where pauses
// before retries end, and where answers are reported that no other thread brings.
//
// Thread-safe. One is shared by everything that stands before a target.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "actors/metrics/request_timeline.hpp"

namespace squall::agents {

class DelayedCalls {
 public:
  DelayedCalls();
  ~DelayedCalls();  // as stop()
  DelayedCalls(const DelayedCalls&) = delete;
  DelayedCalls& operator=(const DelayedCalls&) = delete;

  /// An instant that has passed means soon; calls of one instant keep the order in which they were
  /// asked for. After stop() nothing is called any more.
  void call_at(actors::Instant at, std::function<void()> what);

  /// Forgets what has not been called, waits for the call that is going on. Not from a call.
  void stop();

  bool on_this_thread() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<actors::Instant, std::uint64_t>, std::function<void()>> calls_;
  std::uint64_t asked_ = 0;
  bool stopping_ = false;
  std::once_flag joined_;
  std::thread thread_;
};

}  // namespace squall::agents
