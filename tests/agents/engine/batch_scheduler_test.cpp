// Which requests are in the batch and which tokens a step computes: order, limits, pieces of
// prompts, and a limit that adapts.

#include "agents/engine/batch_scheduler.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <map>
#include <random>

using namespace squall::agents;

namespace {

std::vector<std::uint64_t> admit_all(BatchScheduler& scheduler) {
  std::vector<std::uint64_t> admitted;
  while (const std::uint64_t* id = scheduler.next()) {
    admitted.push_back(*id);
    scheduler.admit(0);
  }
  return admitted;
}

using Ids = std::vector<std::uint64_t>;

}  // namespace

BOOST_AUTO_TEST_CASE(requests_are_admitted_in_their_order_as_far_as_there_is_room) {
  BatchScheduler scheduler({.requests = 2, .prompt_tokens = 8});
  for (const std::uint64_t id : {30, 10, 20}) scheduler.add(id, 1);
  BOOST_TEST(admit_all(scheduler) == (Ids{30, 10}));
  BOOST_TEST(scheduler.waiting() == 1U);
  BOOST_TEST(scheduler.running() == 2U);
  BOOST_TEST(scheduler.remove(30));
  BOOST_TEST(admit_all(scheduler) == (Ids{20}));
}

BOOST_AUTO_TEST_CASE(a_long_prompt_is_taken_in_pieces_while_others_get_their_tokens) {
  BatchScheduler scheduler({.requests = 4, .prompt_tokens = 8});
  scheduler.add(1, 2);
  admit_all(scheduler);
  auto parts = scheduler.plan_step();
  BOOST_REQUIRE(parts.size() == 1U);
  BOOST_TEST((parts[0].prompt_begin == 0 && parts[0].prompt_count == 2 && parts[0].yields_token));

  scheduler.add(2, 19);
  admit_all(scheduler);
  for (std::size_t done = 0; done < 19; done += 8) {
    parts = scheduler.plan_step();
    BOOST_REQUIRE(parts.size() == 2U);
    BOOST_TEST((parts[0].id == 1 && parts[0].prompt_count == 0 && parts[0].yields_token));
    BOOST_TEST(parts[1].id == 2U);
    BOOST_TEST(parts[1].prompt_begin == done);
    BOOST_TEST(parts[1].prompt_count == (done == 16 ? 3U : 8U));
    BOOST_TEST(parts[1].yields_token == (done == 16));
  }
  parts = scheduler.plan_step();
  BOOST_TEST((parts[1].prompt_count == 0 && parts[1].yields_token));
}

BOOST_AUTO_TEST_CASE(prompts_share_the_room_of_a_step_first_come_first_served) {
  BatchScheduler scheduler({.requests = 4, .prompt_tokens = 8});
  for (const std::uint64_t id : {1, 2, 3}) scheduler.add(id, 5);
  admit_all(scheduler);
  auto parts = scheduler.plan_step();
  BOOST_REQUIRE(parts.size() == 2U);
  BOOST_TEST((parts[0].prompt_count == 5 && parts[1].prompt_count == 3));
  BOOST_TEST(!parts[1].yields_token);
  parts = scheduler.plan_step();
  BOOST_REQUIRE(parts.size() == 3U);
  BOOST_TEST((parts[1].prompt_begin == 3 && parts[1].prompt_count == 2));
  BOOST_TEST((parts[2].prompt_begin == 0 && parts[2].prompt_count == 5));
}

BOOST_AUTO_TEST_CASE(a_prompt_longer_than_a_step_leaves_room_to_those_behind_it) {
  BatchScheduler scheduler({.requests = 4, .prompt_tokens = 8});
  scheduler.add(1, 1000);
  scheduler.add(2, 3);
  admit_all(scheduler);
  auto parts = scheduler.plan_step();
  BOOST_REQUIRE(parts.size() == 2U);
  BOOST_TEST(parts[0].prompt_count == 5U);  // its half, and what the other does not need
  BOOST_TEST((parts[1].prompt_count == 3 && parts[1].yields_token));
  parts = scheduler.plan_step();
  BOOST_TEST(parts[0].prompt_count == 8U);
}

BOOST_AUTO_TEST_CASE(tokens_that_need_no_computing_are_left_out_of_the_first_piece) {
  BatchScheduler scheduler({.requests = 4, .prompt_tokens = 8});
  scheduler.add(1, 40);
  BOOST_REQUIRE(scheduler.next() != nullptr);
  scheduler.admit(32);
  const auto parts = scheduler.plan_step();
  BOOST_REQUIRE(parts.size() == 1U);
  BOOST_TEST((parts[0].prompt_begin == 32 && parts[0].prompt_count == 8 && parts[0].yields_token));
}

BOOST_AUTO_TEST_CASE(removed_requests_get_nothing_more_wherever_they_were) {
  BatchScheduler scheduler({.requests = 1, .prompt_tokens = 8});
  scheduler.add(1, 3);
  scheduler.add(2, 3);
  admit_all(scheduler);
  BOOST_TEST(scheduler.remove(2));
  BOOST_TEST(scheduler.remove(1));
  BOOST_TEST(!scheduler.remove(1));
  BOOST_TEST((scheduler.waiting() == 0 && scheduler.running() == 0));
  BOOST_TEST(scheduler.plan_step().empty());
  BOOST_TEST(!scheduler.next());
}

BOOST_AUTO_TEST_CASE(the_limit_doubles_while_it_is_reached_and_others_wait) {
  BatchScheduler scheduler({.requests = 40, .first_requests = 16, .prompt_tokens = 100});
  for (std::uint64_t id = 0; id < 40; ++id) scheduler.add(id, 1);
  Ids limits;
  for (int step = 0; step < 4; ++step) {
    admit_all(scheduler);
    limits.push_back(scheduler.limit());
    scheduler.plan_step();
    scheduler.on_step_done();
  }
  BOOST_TEST(limits == (Ids{16, 32, 40, 40}));
}

BOOST_AUTO_TEST_CASE(the_limit_stays_where_nobody_waits) {
  BatchScheduler scheduler({.requests = 64, .first_requests = 4, .prompt_tokens = 100});
  for (std::uint64_t id = 0; id < 4; ++id) scheduler.add(id, 1);
  admit_all(scheduler);
  scheduler.plan_step();
  scheduler.on_step_done();
  BOOST_TEST(scheduler.limit() == 4U);
}

BOOST_AUTO_TEST_CASE(the_limit_halves_once_each_time_that_memory_runs_out_and_recovers) {
  BatchScheduler scheduler({.requests = 64, .first_requests = 8, .prompt_tokens = 100});
  for (std::uint64_t id = 0; id < 12; ++id) scheduler.add(id, 1);
  for (int i = 0; i < 2; ++i) scheduler.admit(0);
  for (int step = 0; step < 3; ++step) {
    if (scheduler.next()) scheduler.hold_back();
    scheduler.plan_step();
    scheduler.on_step_done();
    BOOST_TEST(scheduler.limit() == 4U);
  }
  BOOST_TEST(*scheduler.next() == 2U);  // it keeps its place
  admit_all(scheduler);
  BOOST_TEST(scheduler.running() == 4U);
  scheduler.plan_step();
  scheduler.on_step_done();
  BOOST_TEST(scheduler.limit() == 8U);
}

BOOST_AUTO_TEST_CASE(the_limit_never_falls_below_one) {
  BatchScheduler scheduler({.requests = 2, .first_requests = 1, .prompt_tokens = 1});
  scheduler.add(1, 1);
  scheduler.hold_back();
  BOOST_TEST(scheduler.limit() == 1U);
  BOOST_TEST(scheduler.next() != nullptr);
}

BOOST_AUTO_TEST_CASE(any_mix_of_requests_gets_every_prompt_token_once_and_keeps_the_limits) {
  std::mt19937_64 random(99);
  for (int round = 0; round < 50; ++round) {
    const BatchLimits limits{1 + random() % 6, 1 + random() % 3, 1 + random() % 20};
    BatchScheduler scheduler(limits);
    std::map<std::uint64_t, std::size_t> prompts;
    std::map<std::uint64_t, std::size_t> done;
    std::deque<std::uint64_t> queue;  // in the order of arrival
    std::uint64_t next = 0;
    for (int step = 0; step < 200; ++step) {
      if (step < 100 && random() % 2 == 0) {
        prompts[next] = 1 + random() % 30;
        scheduler.add(next, prompts[next]);
        queue.push_back(next++);
      }
      if (!queue.empty() && random() % 10 == 0) {
        const std::size_t leaver = random() % queue.size();
        BOOST_REQUIRE(scheduler.remove(queue[leaver]));
        queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(leaver));
      }
      while (const std::uint64_t* id = scheduler.next()) {
        BOOST_REQUIRE(*id == queue.front());
        if (random() % 5 == 0) {
          scheduler.hold_back();
          break;
        }
        done[*id] = random() % prompts[*id];
        queue.pop_front();
        scheduler.admit(done[*id]);
      }
      std::size_t prompt_tokens = 0;
      const auto planned = scheduler.plan_step();
      const std::vector<BatchScheduler::Part> parts(planned.begin(), planned.end());
      BOOST_REQUIRE(parts.size() <= limits.requests);
      for (const BatchScheduler::Part& part : parts) {
        BOOST_REQUIRE(part.prompt_begin == done[part.id]);
        done[part.id] += part.prompt_count;
        prompt_tokens += part.prompt_count;
        BOOST_REQUIRE(part.yields_token == (done[part.id] == prompts[part.id]));
        if (part.yields_token && random() % 3 == 0) scheduler.remove(part.id);
      }
      BOOST_REQUIRE(prompt_tokens <= limits.prompt_tokens);
      BOOST_REQUIRE((!parts.empty() || scheduler.running() == 0));
      scheduler.on_step_done();
      BOOST_REQUIRE((scheduler.limit() >= 1 && scheduler.limit() <= limits.requests));
    }
  }
}
