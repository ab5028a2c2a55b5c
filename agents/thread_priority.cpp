#include "agents/thread_priority.hpp"

#include <cstdint>
#include <cstdlib>
#include <sched.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace squall::agents {

namespace {

/// sched_setattr(2); glibc 2.36 declares neither the call nor its argument.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;  // for SCHED_OTHER: the length of a turn in nanoseconds; 0: default
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

void set_turn(std::uint64_t nanoseconds) {
  SchedulingAttributes attributes;
  attributes.nice = getpriority(PRIO_PROCESS, 0);
  attributes.runtime = nanoseconds;
  // Refused or not, pacing is right; only its exactness differs, and lateness is measured anyway.
  (void)syscall(SYS_sched_setattr, 0, &attributes, 0U);
}

}  // namespace

bool wants_real_time() {
  const char* const wish = std::getenv("SQUALL_REALTIME");
  return wish != nullptr && std::string_view(wish) == "1";
}

bool prefer_prompt_wakeups() {
  const sched_param least{.sched_priority = sched_get_priority_min(SCHED_RR)};
  if (wants_real_time() && sched_setscheduler(0, SCHED_RR, &least) == 0) return true;
  set_turn(100'000);
  return false;
}

void prefer_long_turns() { set_turn(0); }

void minimise_timer_slack() { (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }

}  // namespace squall::agents
