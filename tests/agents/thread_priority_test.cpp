// Who is served first: asked of the kernel, which may refuse.

#include "agents/thread_priority.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <sched.h>
#include <thread>

using namespace squall::agents;

namespace {

/// The policy of a thread that asked for prompt wake-ups, and whether it was told of real time.
struct Outcome {
  bool granted = false;
  int policy = 0, policy_after_long_turns = 0;
};

Outcome ask() {
  Outcome outcome;
  std::thread([&] {
    outcome.granted = prefer_prompt_wakeups();
    outcome.policy = sched_getscheduler(0);
    prefer_long_turns();
    outcome.policy_after_long_turns = sched_getscheduler(0);
  }).join();
  return outcome;
}

}  // namespace

BOOST_AUTO_TEST_CASE(nobody_gets_real_time_unasked) {
  unsetenv("SQUALL_REALTIME");
  BOOST_TEST(!wants_real_time());
  BOOST_TEST(!ask().granted);
  BOOST_TEST(ask().policy == SCHED_OTHER);
  setenv("SQUALL_REALTIME", "0", 1);
  BOOST_TEST(!wants_real_time());
}

BOOST_AUTO_TEST_CASE(who_asks_gets_it_where_the_system_allows_and_the_engine_gives_it_back) {
  setenv("SQUALL_REALTIME", "1", 1);
  const Outcome outcome = ask();
  BOOST_TEST(outcome.policy == (outcome.granted ? SCHED_RR : SCHED_OTHER));
  BOOST_TEST(outcome.policy_after_long_turns == SCHED_OTHER);
}
