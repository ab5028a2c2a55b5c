// When a simulated target answers: laws, queue, freezes, errors and patience, without any clock.

#include "agents/targets/simulated_service.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

using namespace squall;
using namespace squall::actors;
using namespace squall::agents;
using namespace std::chrono_literals;
using scenarios::Distribution;

namespace {

const Instant start = Instant{} + 1h;

struct Fixture {
  scenarios::TargetSettings settings;
  std::uint64_t ids = 0;

  Fixture() {
    settings.simulated.first_token = Distribution::constant(0.1);
    settings.simulated.token_gap = Distribution::constant(0.02);
  }
  SimulatedService service(std::uint32_t index = 0, std::uint32_t count = 1) const {
    SimulatedService made(settings, {index, count});
    made.begin(start);
    return made;
  }
  LoadRequest asking(std::uint32_t tokens = 3) {
    LoadRequest request;
    request.id = ids++;
    request.plan.sampling_seed = scenarios::mix_bits(request.id + 1);
    request.plan.answer_tokens = tokens;
    request.deadline = start + 24h;
    return request;
  }
};

bool completed(const RequestTimeline& timeline) {
  return std::holds_alternative<Completed>(timeline.outcome);
}

bool timed_out(const RequestTimeline& timeline) {
  return std::holds_alternative<TimedOut>(timeline.outcome);
}

std::string failure(const RequestTimeline& timeline) {
  const auto* failed = std::get_if<Failed>(&timeline.outcome);
  return failed == nullptr ? "" : failed->reason;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(simulated_service, Fixture)

BOOST_AUTO_TEST_CASE(content_comes_when_the_laws_say) {
  auto simulated = service();
  const auto answer = simulated.plan(asking(), start + 5s);
  BOOST_TEST(completed(answer));
  BOOST_TEST((answer.dispatched == start + 5s));
  BOOST_TEST(
      (answer.content == std::vector<Instant>{start + 5100ms, start + 5120ms, start + 5140ms}));
  BOOST_TEST((answer.ended == answer.content.back()));
  BOOST_TEST(answer.output_tokens == 3u);
}

BOOST_AUTO_TEST_CASE(draws_depend_on_the_request_alone) {
  settings.simulated.first_token = {Distribution::Shape::exponential, 0.1, 0, 0, 100, {}};
  auto alone = service();
  auto third_of_five = service(3, 5);
  const auto first = asking();
  const auto second = asking();
  const auto expected = alone.plan(second, start);
  third_of_five.plan(first, start);
  BOOST_TEST((third_of_five.plan(second, start).content == expected.content));
  BOOST_TEST((alone.plan(first, start).content != expected.content));
}

BOOST_AUTO_TEST_CASE(with_limited_servers_requests_queue_in_the_order_in_which_they_came) {
  settings.simulated.servers = 2;
  auto simulated = service();
  // Each takes 140 ms; two at once.
  std::vector<Instant> admitted;
  for (int i = 0; i < 5; ++i) admitted.push_back(simulated.plan(asking(), start).admitted);
  BOOST_TEST((admitted ==
              std::vector<Instant>{start, start, start + 140ms, start + 140ms, start + 280ms}));
  BOOST_TEST((simulated.plan(asking(), start + 10s).admitted == start + 10s));
}

BOOST_AUTO_TEST_CASE(a_queue_of_one_server_has_the_waits_that_theory_says) {
  // M/M/1 at half load: the mean time in the system is 1 / (mu - lambda), here 200 ms.
  settings.simulated.servers = 1;
  settings.simulated.first_token = {Distribution::Shape::exponential, 0.1, 0, 0, 1000, {}};
  auto simulated = service();
  scenarios::Random random(5);
  Instant now = start;
  double sum = 0;
  constexpr int requests = 200'000;
  for (int i = 0; i < requests; ++i) {
    now += nanoseconds(std::llround(random.exponential() * 0.2e9));
    sum += std::chrono::duration<double>(simulated.plan(asking(1), now).ended - now).count();
  }
  BOOST_TEST(std::abs(sum / requests - 0.2) < 0.01);  // five standard errors, correlation included
}

BOOST_AUTO_TEST_CASE(what_would_come_during_a_freeze_comes_at_its_end) {
  settings.simulated.freezes = {{20s, 6s}};
  auto simulated = service();
  const auto before = simulated.plan(asking(), start + 19'950ms);  // due at 20.05 s
  BOOST_TEST((before.content[0] == start + 26s));
  BOOST_TEST((before.content[2] == start + 26s));
  const auto during = simulated.plan(asking(), start + 25'890ms);  // due at 25.99, 26.01, 26.03 s
  BOOST_TEST(
      (during.content == std::vector<Instant>{start + 26s, start + 26'010ms, start + 26'030ms}));
  const auto after = simulated.plan(asking(), start + 26s);
  BOOST_TEST((after.content[0] == start + 26'100ms));
}

BOOST_AUTO_TEST_CASE(freezes_that_touch_are_one_whatever_their_order) {
  settings.simulated.freezes = {{12s, 3s}, {10s, 2s}};
  auto simulated = service();
  BOOST_TEST((simulated.plan(asking(1), start + 10s).ended == start + 15s));
}

BOOST_AUTO_TEST_CASE(nothing_freezes_before_the_run_has_begun) {
  settings.simulated.freezes = {{0s, 24h}};
  SimulatedService simulated(settings, {});
  BOOST_TEST((simulated.plan(asking(1), start).ended == start + 100ms));
}

BOOST_AUTO_TEST_CASE(the_slow_agent_is_slow_and_the_others_are_not) {
  settings.simulated.slow_agent = 2;
  settings.simulated.slow_factor = 30;
  auto slow = service(2, 10);
  auto other = service(3, 10);
  BOOST_TEST((slow.plan(asking(1), start).ended == start + 3s));
  BOOST_TEST((other.plan(asking(1), start).ended == start + 100ms));
}

BOOST_AUTO_TEST_CASE(with_weights_the_slow_agent_is_the_one_that_has_its_place_in_the_round) {
  settings.simulated.slow_factor = 30;
  const scenarios::AgentShare heavy{0, 5, 3}, light{3, 5, 1}, last{4, 5, 1};
  const auto is_slow = [&](const scenarios::AgentShare& share) {
    SimulatedService made(settings, share);
    return made.plan(asking(1), start).ended == start + 3s;
  };
  for (const int place : {0, 1, 2, 3, 4}) {
    settings.simulated.slow_agent = place;
    BOOST_TEST(is_slow(heavy) == (place < 3));
    BOOST_TEST(is_slow(light) == (place == 3));
    BOOST_TEST(is_slow(last) == (place == 4));
  }
  settings.simulated.slow_agent = -1;
  BOOST_TEST(!is_slow(heavy));
}

BOOST_AUTO_TEST_CASE(refusals_and_errors_come_as_often_as_asked_for) {
  settings.simulated.refuse_rate = 0.1;
  settings.simulated.error_rate = 0.2;
  auto simulated = service();
  int refused = 0;
  int failed = 0;
  constexpr int requests = 20'000;
  for (int i = 0; i < requests; ++i) {
    const auto answer = simulated.plan(asking(), start);
    if (failure(answer) == "simulated refusal") {
      ++refused;
      BOOST_TEST((answer.ended == start));
    } else if (failure(answer) == "simulated error") {
      ++failed;
      BOOST_TEST((answer.ended == start + 100ms));
      BOOST_TEST(answer.content.empty());
    }
  }
  // Six standard deviations of the binomial distribution.
  BOOST_TEST(std::abs(refused - 2000) < 6 * 43);
  BOOST_TEST(std::abs(failed - 3600) < 6 * 55);
}

BOOST_AUTO_TEST_CASE(another_attempt_has_chances_of_its_own) {
  settings.simulated.error_rate = 0.5;
  auto simulated = service();
  auto elsewhere = service();
  for (int i = 0; i < 200; ++i) {
    auto request = asking(1);
    while (!completed(simulated.plan(request, start)) && request.attempt < 50) ++request.attempt;
    BOOST_TEST(request.attempt < 50u);
    // And the same ones wherever it is made.
    BOOST_TEST(completed(elsewhere.plan(request, start)));
  }
}

BOOST_AUTO_TEST_CASE(patience_ends_requests_at_the_deadline_and_between_tokens) {
  auto request = asking(10);
  request.deadline = start + 150ms;
  auto simulated = service();
  const auto cut = simulated.plan(request, start);
  BOOST_TEST(timed_out(cut));
  BOOST_TEST(cut.content.size() == 3u);  // 100, 120, 140 ms
  BOOST_TEST((cut.ended == start + 150ms));

  settings.first_token_timeout = 90ms;
  const auto never_began = service().plan(asking(), start);
  BOOST_TEST(timed_out(never_began));
  BOOST_TEST(never_began.content.empty());
  BOOST_TEST((never_began.ended == start + 90ms));

  settings.first_token_timeout = 0ms;
  settings.token_gap_timeout = 15ms;
  const auto stalled = service().plan(asking(), start);
  BOOST_TEST(timed_out(stalled));
  BOOST_TEST(stalled.content.size() == 1u);
  BOOST_TEST((stalled.ended == start + 115ms));
}

BOOST_AUTO_TEST_CASE(who_gives_up_in_the_queue_takes_no_server) {
  settings.simulated.servers = 1;
  auto simulated = service();
  simulated.plan(asking(), start);  // until 140 ms
  auto impatient = asking();
  impatient.deadline = start + 50ms;
  const auto left = simulated.plan(impatient, start);
  BOOST_TEST(timed_out(left));
  BOOST_TEST((left.admitted == Instant{}));
  BOOST_TEST((simulated.plan(asking(), start).admitted == start + 140ms));
}

BOOST_AUTO_TEST_CASE(laws_with_absurd_values_stay_within_time) {
  settings.simulated.first_token = Distribution::constant(1e300);
  auto request = asking(1);
  const auto answer = service().plan(request, start);
  BOOST_TEST(timed_out(answer));
  settings.simulated.first_token = Distribution::constant(-5);
  BOOST_TEST((service().plan(asking(1), start).ended == start));
}

BOOST_AUTO_TEST_CASE(kept_answers_follow_from_the_request) {
  auto request = asking(5);
  request.keep_answer = true;
  request.plan.prompt_seed = 7;
  auto simulated = service();
  const auto text = simulated.plan(request, start).answer;
  BOOST_TEST(!text.empty());
  BOOST_TEST(simulated.plan(request, start + 5s).answer == text);
  request.plan.prompt_seed = 8;
  BOOST_TEST(simulated.plan(request, start + 9s).answer != text);
}

BOOST_AUTO_TEST_SUITE_END()
