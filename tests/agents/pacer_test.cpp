#include "agents/load/pacer.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <future>

using squall::actors::Instant;
using squall::agents::Pacer;
using namespace std::chrono_literals;

namespace {

using IntPacer = Pacer<int>;

struct Woken {
  std::mutex mutex;
  std::vector<IntPacer::PlannedWake> wakes;
  std::promise<void> complete;
  std::size_t expected;

  explicit Woken(std::size_t count) : expected(count) {}
  IntPacer::OnWake listener() {
    return [this](IntPacer::PlannedWake wake) {
      const std::lock_guard lock(mutex);
      wakes.push_back(wake);
      if (wakes.size() == expected) complete.set_value();
    };
  }
  bool wait() { return complete.get_future().wait_for(10s) == std::future_status::ready; }
};

Instant now() { return std::chrono::steady_clock::now(); }

}  // namespace

BOOST_AUTO_TEST_CASE(wakes_come_in_order_of_their_instants_and_never_early) {
  Woken woken(100);
  std::atomic<int> early{0};
  auto listener = woken.listener();
  IntPacer pacer([&](IntPacer::PlannedWake wake) {
    if (now() < wake.at) ++early;
    listener(wake);
  });
  const Instant start = now() + 20ms;
  for (int i = 99; i >= 0; --i) pacer.wake_at({start + i * 1ms, i, 0});
  BOOST_REQUIRE(woken.wait());
  for (int i = 0; i < 100; ++i) BOOST_TEST(woken.wakes[i].sleeper == i);
  BOOST_TEST(early == 0);
}

BOOST_AUTO_TEST_CASE(an_earlier_wake_overtakes_one_that_is_being_waited_for) {
  Woken woken(1);
  IntPacer pacer(woken.listener());
  pacer.wake_at({now() + 1h, 1, 0});
  pacer.wake_at({now() + 5ms, 2, 0});
  BOOST_REQUIRE(woken.wait());
  BOOST_TEST(woken.wakes[0].sleeper == 2);
}

BOOST_AUTO_TEST_CASE(a_late_wake_keeps_the_instant_that_was_intended) {
  Woken woken(2);
  auto listener = woken.listener();
  IntPacer pacer([&](IntPacer::PlannedWake wake) {
    if (wake.sleeper == 1) std::this_thread::sleep_for(30ms);  // a stall of the pacer itself
    listener(wake);
  });
  const Instant first = now() + 5ms;
  pacer.wake_at({first, 1, 0});
  pacer.wake_at({first + 1ms, 2, 0});
  BOOST_REQUIRE(woken.wait());
  BOOST_TEST((woken.wakes[1].at == first + 1ms));
}

BOOST_AUTO_TEST_CASE(nothing_is_delivered_after_clear) {
  std::atomic<int> delivered{0};
  IntPacer pacer([&](IntPacer::PlannedWake) { ++delivered; });
  for (int i = 0; i < 1000; ++i) pacer.wake_at({now() + 10ms, i, 0});
  pacer.clear();
  const int before = delivered;
  std::this_thread::sleep_for(30ms);
  BOOST_TEST(delivered == before);
}
