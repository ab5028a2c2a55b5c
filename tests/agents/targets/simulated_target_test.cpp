// The simulated and the null target on the real clock: every request ends once, content is stamped
// when it comes, nothing is lost when thousands are open.

#include "agents/targets/simulated_target.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

#include "agents/targets/make_target.hpp"
#include "agents/targets/null_target.hpp"
#include "tests/agents/resilience/manual_target.hpp"

using namespace squall;
using namespace squall::actors;
using namespace squall::agents;
using namespace squall::tests;
using namespace std::chrono_literals;
using scenarios::Distribution;

namespace {

struct Fixture {
  scenarios::Scenario scenario;
  Heard heard;
  std::unique_ptr<Target> target;
  std::uint64_t ids = 0;

  Fixture() {
    scenario.target.kind = scenarios::TargetKind::simulated;
    scenario.target.simulated.first_token = Distribution::constant(0.02);
    scenario.target.simulated.token_gap = Distribution::constant(0.005);
  }
  ~Fixture() { target.reset(); }

  void make() { target = make_target(scenario, {}, heard.events()); }

  LoadRequest asking(std::uint32_t tokens = 3) {
    LoadRequest request;
    request.id = ++ids;
    request.scheduled = now();
    request.deadline = request.scheduled + 1h;
    request.plan.sampling_seed = request.id;
    request.plan.answer_tokens = tokens;
    return request;
  }
};

template <class Outcome>
bool all_are(const std::vector<RequestTimeline>& timelines) {
  return std::all_of(timelines.begin(), timelines.end(), [](const auto& each) {
    return std::holds_alternative<Outcome>(each.outcome);
  });
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(simulated_target, Fixture)

BOOST_AUTO_TEST_CASE(it_says_that_it_is_simulated) {
  make();
  BOOST_TEST(target->description().simulated);
  BOOST_TEST((target->description().kind == scenarios::TargetKind::simulated));
}

BOOST_AUTO_TEST_CASE(content_is_stamped_when_it_comes_beside_when_it_was_meant_to) {
  make();
  const Instant before = now();
  target->submit(asking());
  BOOST_REQUIRE(heard.wait_for_ended(1));
  const RequestTimeline& answer = heard.ended.front();
  BOOST_TEST(std::holds_alternative<Completed>(answer.outcome));
  BOOST_REQUIRE(answer.content.size() == 3u);
  BOOST_REQUIRE(answer.server_content.size() == 3u);
  BOOST_TEST((answer.dispatched >= before));
  BOOST_TEST((answer.server_content[0] == answer.dispatched + 20ms));
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST((answer.content[i] >= answer.server_content[i]));  // late, never early
    BOOST_TEST((answer.content[i] < answer.server_content[i] + 5s));
  }
  BOOST_TEST((answer.first_chunk == answer.content[0]));
  BOOST_TEST((answer.ended == answer.content[2]));
}

BOOST_AUTO_TEST_CASE(thousands_of_requests_end_once_each_and_every_token_is_told) {
  scenario.target.simulated.first_token = {Distribution::Shape::exponential, 0.02, 0, 0, 1, {}};
  scenario.target.simulated.error_rate = 0.1;
  make();
  constexpr std::size_t requests = 5000;
  for (std::size_t i = 0; i < requests; ++i) target->submit(asking());
  BOOST_REQUIRE(heard.wait_for_ended(requests));
  std::set<std::uint64_t> ids_seen;
  std::uint64_t tokens = 0;
  for (const auto& answer : heard.ended) {
    ids_seen.insert(answer.request);
    tokens += answer.content.size();
  }
  BOOST_TEST(ids_seen.size() == requests);
  BOOST_TEST(heard.ended.size() == requests);
  const auto until = now() + 20s;  // progress may come a millisecond after the end
  while (now() < until) {
    const std::lock_guard lock(heard.mutex);
    if (heard.tokens == tokens) break;
  }
  BOOST_TEST(heard.tokens == tokens);
}

BOOST_AUTO_TEST_CASE(abandoned_requests_end_with_the_outcome_that_was_given) {
  scenario.target.simulated.first_token = Distribution::constant(3600);
  scenario.target.simulated.servers = 1;
  make();
  for (int i = 0; i < 100; ++i) target->submit(asking());
  target->abandon(OpenAtEnd{});
  BOOST_REQUIRE(heard.wait_for_ended(100));
  BOOST_TEST(all_are<OpenAtEnd>(heard.ended));
  // And the target goes on: its one server is free.
  auto request = asking();
  request.deadline = now() + 50ms;
  target->submit(request);
  BOOST_REQUIRE(heard.wait_for_ended(101));
  BOOST_TEST(std::holds_alternative<TimedOut>(heard.ended.back().outcome));
  BOOST_TEST((heard.ended.back().admitted != Instant{}));
}

BOOST_AUTO_TEST_CASE(what_is_submitted_after_others_were_abandoned_goes_on) {
  scenario.target.simulated.servers = 1;
  make();
  for (std::size_t round = 1; round <= 50; ++round) {
    target->submit(asking(1'000'000));
    target->abandon(OpenAtEnd{});
    target->submit(asking(1));  // before the target's thread has come to it
    BOOST_REQUIRE(heard.wait_for_ended(2 * round));
    const RequestTimeline& last = heard.ended.back();
    BOOST_TEST(last.request == 2 * round);
    BOOST_TEST(std::holds_alternative<Completed>(last.outcome));
    BOOST_TEST((last.admitted == last.dispatched));  // the server was free
  }
}

BOOST_AUTO_TEST_CASE(a_target_that_goes_away_with_open_requests_does_not_hang) {
  scenario.target.simulated.first_token = Distribution::constant(3600);
  make();
  for (int i = 0; i < 10; ++i) target->submit(asking());
  target.reset();
  BOOST_TEST(heard.ended.empty());
}

BOOST_AUTO_TEST_CASE(retries_reach_a_simulated_target_through_make_target) {
  scenario.target.simulated.error_rate = 0.5;
  scenario.target.simulated.first_token = Distribution::constant(0.001);
  scenario.target.retries = {.attempts = 20, .first_pause = 1ms, .longest_pause = 2ms};
  make();
  for (int i = 0; i < 100; ++i) target->submit(asking());
  BOOST_REQUIRE(heard.wait_for_ended(100));
  BOOST_TEST(all_are<Completed>(heard.ended));
  unsigned attempts = 0;
  for (const auto& answer : heard.ended) attempts += answer.attempts;
  BOOST_TEST(attempts > 130u);  // about 200
}

BOOST_AUTO_TEST_CASE(the_null_target_answers_everything_with_as_many_chunks_as_asked_for) {
  target = std::make_unique<NullTarget>(heard.events());
  constexpr std::size_t requests = 2000;
  for (std::size_t i = 0; i < requests; ++i) target->submit(asking(4));
  BOOST_REQUIRE(heard.wait_for_ended(requests));
  BOOST_TEST(heard.ended.size() == requests);
  BOOST_TEST(all_are<Completed>(heard.ended));
  for (const auto& answer : heard.ended) {
    BOOST_TEST(answer.content.size() == 4u);
    BOOST_TEST((answer.content.front() >= answer.dispatched));
  }
}

BOOST_AUTO_TEST_SUITE_END()
