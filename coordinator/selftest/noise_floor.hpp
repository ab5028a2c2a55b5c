#pragma once
// How late this machine itself is: a thread that does nothing but sleep until one instant after
// another. A load generator cannot be more punctual than that.

#include <atomic>
#include <chrono>
#include <thread>

#include "actors/metrics/histogram.hpp"

namespace squall::coordinator {

/// Sleeps `rate` times a second, from its construction until lateness() is asked for.
class NoiseFloor {
 public:
  explicit NoiseFloor(double rate);
  ~NoiseFloor();
  NoiseFloor(const NoiseFloor&) = delete;
  NoiseFloor& operator=(const NoiseFloor&) = delete;

  /// Ends the thread. Of each wake: when it came less when it was to come.
  const actors::Histogram& lateness();

 private:
  void sleep_again_and_again(std::chrono::nanoseconds gap);

  std::atomic<bool> ending_ = false;
  actors::Histogram lateness_;
  std::thread thread_;
};

}  // namespace squall::coordinator
