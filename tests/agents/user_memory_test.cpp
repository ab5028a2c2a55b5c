// What a waiting user takes, counted allocation by allocation.

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <malloc.h>
#include <new>

#include "agents/load/pacer.hpp"
#include "agents/load/user_pool.hpp"

namespace {

std::atomic<std::int64_t> bytes_held{0};

void* take(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  bytes_held += static_cast<std::int64_t>(malloc_usable_size(memory));
  return memory;
}
void give(void* memory) noexcept {
  if (memory != nullptr) bytes_held -= static_cast<std::int64_t>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return take(size); }
void operator delete(void* memory) noexcept { give(memory); }
void operator delete(void* memory, std::size_t) noexcept { give(memory); }

using namespace squall;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(a_waiting_user_takes_far_less_than_two_kibibytes) {
  constexpr std::uint64_t users = 100'000;
  auto scenario = std::make_shared<scenarios::Scenario>();
  scenarios::ClosedUsers load;
  load.count = scenarios::LoadShape::constant(static_cast<double>(users));
  load.think_time = scenarios::Distribution::constant(3600);
  load.conversations.turns = scenarios::Distribution::constant(1);
  scenario->load = load;
  scenario->phases = {0s, 24h, 1s};

  const std::int64_t before = bytes_held;
  const auto start = std::chrono::steady_clock::now();
  const auto plan =
      std::make_shared<const scenarios::LoadPlan>(scenarios::make_load_plan(*scenario, {}));
  agents::UserPool pool(scenario, plan, start, [](const scenarios::RequestPlan&) {
    return scenarios::Prompt{{{scenarios::Speaker::user, "What is the answer?"}}, false};
  });
  agents::Pacer pacer([](std::vector<actors::DueWake>&&) {});
  agents::LoadOrders orders;
  const auto first = pool.first_wakes();
  std::uint64_t waiting = 0;
  while (const auto wake = first->next()) {
    pool.on_wake({wake->arrival, start + wake->at}, start, orders);
    BOOST_REQUIRE(orders.submit.size() == 1u);
    actors::RequestTimeline timeline;
    timeline.request = orders.submit.front().id;
    timeline.ended = start + 1s;
    timeline.outcome = actors::Completed{};
    orders.clear();
    pool.on_ended(timeline, start + 1s, orders);
    for (const auto& each : orders.wakes) pacer.wake_at(each.instant, each.item), ++waiting;
    orders.clear();
  }
  BOOST_TEST(waiting == users);
  const double each = static_cast<double>(bytes_held - before) / users;
  BOOST_TEST_MESSAGE("bytes of a waiting user: " << each);
  BOOST_TEST(each > 32);   // it is counted at all
  BOOST_TEST(each < 200);  // of the 2 KiB that it may take
}
