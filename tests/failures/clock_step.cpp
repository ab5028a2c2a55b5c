// A library for LD_PRELOAD that steps the wall clock of one process, and of no other:
//
//   SQUALL_CLOCK_STEP_AFTER=4   seconds after the process began …
//   SQUALL_CLOCK_STEP=3600      … its wall clock is so many seconds ahead (or, below 0, behind)
//
// Only what asks for the time of day is misled; the monotonic clock goes on as it did.

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

timespec true_time(clockid_t clock) {
  timespec now{};
  syscall(SYS_clock_gettime, clock, &now);
  return now;
}

/// Seconds by which the wall clock is wrong now.
long step() {
  static const timespec began = true_time(CLOCK_MONOTONIC);
  static const char* after = std::getenv("SQUALL_CLOCK_STEP_AFTER");
  static const char* seconds = std::getenv("SQUALL_CLOCK_STEP");
  if (after == nullptr || seconds == nullptr) return 0;
  return true_time(CLOCK_MONOTONIC).tv_sec - began.tv_sec >= std::atol(after) ? std::atol(seconds)
                                                                              : 0;
}

/// Asks once when the process begins, so that it is known when that was.
[[gnu::constructor]] void begin() { step(); }

bool is_wall(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && is_wall(clock)) now->tv_sec += step();
  return static_cast<int>(result);
}

int gettimeofday(timeval* now, void*) noexcept {
  const timespec time = true_time(CLOCK_REALTIME);
  *now = {time.tv_sec + step(), time.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* now) noexcept {
  const time_t result = true_time(CLOCK_REALTIME).tv_sec + step();
  if (now != nullptr) *now = result;
  return result;
}

}  // extern "C"
