// Which tokens a step computes: order, limits, pieces of prompts.

#include "agents/engine/batch_scheduler.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

using namespace squall::agents;

namespace {

std::vector<std::uint64_t> admit_all(BatchScheduler& scheduler) {
  std::vector<std::uint64_t> admitted;
  while (const std::uint64_t* id = scheduler.admit_next()) admitted.push_back(*id);
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

BOOST_AUTO_TEST_CASE(prompts_share_the_budget_of_a_step_first_come_first_served) {
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

BOOST_AUTO_TEST_CASE(removed_requests_get_nothing_more_wherever_they_were) {
  BatchScheduler scheduler({.requests = 1, .prompt_tokens = 8});
  scheduler.add(1, 3);
  scheduler.add(2, 3);
  admit_all(scheduler);
  BOOST_TEST(scheduler.remove(2));
  BOOST_TEST(scheduler.remove(1));
  BOOST_TEST(!scheduler.remove(1));
  BOOST_TEST(!scheduler.contains(1));
  BOOST_TEST(scheduler.plan_step().empty());
  BOOST_TEST(!scheduler.admit_next());
}

BOOST_AUTO_TEST_CASE(any_mix_of_requests_gets_every_prompt_token_once_and_keeps_the_limits) {
  std::mt19937_64 random(99);
  for (int round = 0; round < 50; ++round) {
    const BatchLimits limits{1 + random() % 6, 1 + random() % 20};
    BatchScheduler scheduler(limits);
    std::map<std::uint64_t, std::size_t> prompts;
    std::map<std::uint64_t, std::size_t> done;
    std::uint64_t next = 0;
    for (int step = 0; step < 200; ++step) {
      if (step < 100 && random() % 2 == 0) {
        prompts[next] = 1 + random() % 30;
        scheduler.add(next, prompts[next]);
        ++next;
      }
      admit_all(scheduler);
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
    }
  }
}
