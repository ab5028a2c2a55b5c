#include "agents/load/pacer.hpp"

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <future>

using squall::actors::DueWake;
using squall::actors::Instant;
using squall::agents::Pacer;
using squall::scenarios::ArrivalStream;
using squall::scenarios::PlannedArrival;
using namespace std::chrono_literals;

namespace {

struct Woken {
  std::mutex mutex;
  std::vector<DueWake> wakes;
  std::vector<std::size_t> batches;
  std::promise<void> complete;
  std::size_t expected;

  explicit Woken(std::size_t count) : expected(count) {}
  Pacer::OnWakes listener() {
    return [this](std::vector<DueWake>&& due) {
      const std::lock_guard lock(mutex);
      batches.push_back(due.size());
      const bool was_complete = wakes.size() >= expected;
      wakes.insert(wakes.end(), due.begin(), due.end());
      if (!was_complete && wakes.size() >= expected) complete.set_value();
    };
  }
  bool wait() { return complete.get_future().wait_for(10s) == std::future_status::ready; }
};

/// So many arrivals, evenly spaced; counts how many were asked for.
struct EvenArrivals : ArrivalStream {
  std::uint64_t count;
  std::chrono::nanoseconds gap;
  std::atomic<std::uint64_t> pulled{0};

  EvenArrivals(std::uint64_t how_many, std::chrono::nanoseconds apart)
      : count(how_many), gap(apart) {}
  std::optional<PlannedArrival> next() override {
    if (pulled == count) return std::nullopt;
    const std::uint64_t arrival = pulled++;
    return PlannedArrival{arrival, gap * arrival};
  }
  std::uint64_t count_rest() override { return count - pulled.exchange(count); }
};

Instant now() { return std::chrono::steady_clock::now(); }

}  // namespace

BOOST_AUTO_TEST_CASE(wakes_come_in_order_of_their_instants_and_never_early) {
  Woken woken(100);
  std::atomic<int> early{0};
  auto listener = woken.listener();
  Pacer pacer([&](std::vector<DueWake>&& due) {
    for (const DueWake& wake : due)
      if (now() < wake.intended) ++early;
    listener(std::move(due));
  });
  const Instant start = now() + 20ms;
  for (std::uint64_t i = 100; i-- > 0;) pacer.wake_at(start + i * 1ms, i);
  BOOST_REQUIRE(woken.wait());
  for (std::uint64_t i = 0; i < 100; ++i) BOOST_TEST(woken.wakes[i].item == i);
  BOOST_TEST(early == 0);
}

BOOST_AUTO_TEST_CASE(an_earlier_wake_overtakes_one_that_is_being_waited_for) {
  Woken woken(1);
  Pacer pacer(woken.listener());
  pacer.wake_at(now() + 1h, 1);
  pacer.wake_at(now() + 5ms, 2);
  BOOST_REQUIRE(woken.wait());
  BOOST_TEST(woken.wakes[0].item == 2u);
}

BOOST_AUTO_TEST_CASE(a_late_wake_keeps_the_instant_that_was_intended) {
  Woken woken(2);
  auto listener = woken.listener();
  Pacer pacer([&](std::vector<DueWake>&& due) {
    if (due.front().item == 1) std::this_thread::sleep_for(30ms);  // a stall of the pacer itself
    listener(std::move(due));
  });
  const Instant first = now() + 5ms;
  pacer.wake_at(first, 1);
  pacer.wake_at(first + 1ms, 2);
  BOOST_REQUIRE(woken.wait());
  BOOST_TEST((woken.wakes[1].intended == first + 1ms));
}

BOOST_AUTO_TEST_CASE(a_late_pacer_delivers_together_what_came_due_meanwhile) {
  Woken woken(501);
  auto listener = woken.listener();
  Pacer pacer([&](std::vector<DueWake>&& due) {
    if (due.front().item == 0) std::this_thread::sleep_for(30ms);
    listener(std::move(due));
  });
  const Instant first = now() + 5ms;
  pacer.wake_at(first, 0);
  for (std::uint64_t i = 1; i <= 500; ++i) pacer.wake_at(first + 1ms + i * 10us, i);
  BOOST_REQUIRE(woken.wait());
  BOOST_TEST(woken.batches.size() < 100u);
  for (std::uint64_t i = 0; i <= 500; ++i) BOOST_TEST(woken.wakes[i].item == i);
}

BOOST_AUTO_TEST_CASE(a_stream_is_pulled_as_time_goes_and_mixes_with_ordered_wakes) {
  Woken woken(60);
  Pacer pacer(woken.listener());
  const auto stream = std::make_shared<EvenArrivals>(1'000'000, 1ms);
  const Instant start = now() + 5ms;
  for (std::uint64_t i = 0; i < 20; ++i) pacer.wake_at(start + i * 1ms + 500us, 10'000'000 + i);
  pacer.begin(stream, start);
  BOOST_REQUIRE(woken.wait());
  pacer.stop(start);
  BOOST_TEST(stream->pulled < 100'000u);
  const auto earlier = [](const DueWake& a, const DueWake& b) { return a.intended < b.intended; };
  BOOST_TEST(std::is_sorted(woken.wakes.begin(), woken.wakes.end(), earlier));
  BOOST_TEST(std::count_if(woken.wakes.begin(), woken.wakes.end(),
                           [](const DueWake& wake) { return wake.item >= 10'000'000; }) == 20);
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_begun_later_joins_those_before) {
  Woken woken(130);
  Pacer pacer(woken.listener());
  const Instant start = now() + 5ms;
  pacer.begin(std::make_shared<EvenArrivals>(100, 300us), start);
  pacer.begin(nullptr, start);  // nothing to come
  pacer.begin(std::make_shared<EvenArrivals>(30, 1ms), start);
  BOOST_REQUIRE(woken.wait());
  const auto earlier = [](const DueWake& a, const DueWake& b) { return a.intended < b.intended; };
  BOOST_TEST(std::is_sorted(woken.wakes.begin(), woken.wakes.end(), earlier));
  BOOST_TEST(woken.wakes.size() == 130u);
  pacer.begin(std::make_shared<EvenArrivals>(1'000'000, 1us), now() + 1h);
  pacer.stop(now());
  BOOST_TEST(woken.wakes.size() == 130u);
}

BOOST_AUTO_TEST_CASE(stopping_delivers_what_was_due_before_and_nothing_afterwards) {
  Woken woken(1'000'000);  // never complete
  Pacer pacer(woken.listener());
  const Instant begin = now() + 50ms;
  for (std::uint64_t i = 0; i < 3000; ++i) pacer.wake_at(begin + i * 1us, i);
  pacer.stop(begin + 2500us);  // asked early: what is due before that instant comes at once
  {
    const std::lock_guard lock(woken.mutex);
    BOOST_TEST(woken.wakes.size() == 2500u);
  }
  std::this_thread::sleep_for(80ms);
  const std::lock_guard lock(woken.mutex);
  BOOST_TEST(woken.wakes.size() == 2500u);
  for (std::uint64_t i = 0; i < 2500; ++i) BOOST_TEST(woken.wakes[i].item == i);
}
