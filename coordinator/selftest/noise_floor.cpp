#include "coordinator/selftest/noise_floor.hpp"

#include <cmath>
#include <sys/prctl.h>

namespace squall::coordinator {

using Clock = std::chrono::steady_clock;

NoiseFloor::NoiseFloor(double rate)
    : thread_([this, rate] {
        sleep_again_and_again(
            std::chrono::nanoseconds(static_cast<std::int64_t>(std::llround(1e9 / rate))));
      }) {}

NoiseFloor::~NoiseFloor() { lateness(); }

const actors::Histogram& NoiseFloor::lateness() {
  ending_ = true;
  if (thread_.joinable()) thread_.join();
  return lateness_;
}

void NoiseFloor::sleep_again_and_again(std::chrono::nanoseconds gap) {
  (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);  // as the pacer's thread has it
  auto due = Clock::now() + gap;
  while (!ending_) {
    std::this_thread::sleep_until(due);
    lateness_.record(Clock::now() - due);
    due += gap;
  }
}

}  // namespace squall::coordinator
