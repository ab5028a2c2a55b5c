// The embedded engine as a target: a thread of its own that answers, gives up, and sleeps.

#include "agents/targets/engine_target.hpp"

#include <boost/test/unit_test.hpp>

#include "agents/resource_monitor.hpp"
#include "agents/targets/make_target.hpp"
#include "tests/agents/resilience/manual_target.hpp"

using namespace squall;
using namespace squall::actors;
using namespace squall::agents;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  scenarios::Scenario scenario;
  Heard heard;
  std::unique_ptr<Target> target;
  std::uint64_t ids = 0;

  Fixture() {
    scenario.target.model = "synthetic:llama-15m/q8_0";
    scenario.target.threads = 1;
    scenario.target.kv_memory = 64 << 20;
  }
  ~Fixture() { target.reset(); }

  void make() { target = make_target(scenario, {}, heard.events()); }

  LoadRequest asking(const std::string& text, std::uint32_t tokens) {
    LoadRequest request;
    request.id = ++ids;
    request.scheduled = now();
    request.deadline = request.scheduled + 1h;
    request.plan.sampling_seed = request.id;
    request.plan.answer_tokens = tokens;
    request.prompt.parts = {{scenarios::Speaker::user, text}};
    return request;
  }
  LoadRequest asking(std::uint32_t prompt_tokens, std::uint32_t tokens) {
    auto request = asking("", tokens);
    request.prompt.parts[0].text = scenarios::SyntheticText{request.id, prompt_tokens};
    return request;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(engine_target, Fixture)

BOOST_AUTO_TEST_CASE(it_answers_with_stamps_in_order_and_the_planned_lengths) {
  make();
  BOOST_TEST(target->description().model_is_synthetic);
  for (int i = 0; i < 3; ++i) target->submit(asking(8, 5));
  BOOST_REQUIRE(heard.wait_for_ended(3));
  for (const auto& answer : heard.ended) {
    BOOST_TEST(std::holds_alternative<Completed>(answer.outcome));
    BOOST_TEST(answer.prompt_tokens == 8u);
    BOOST_REQUIRE(answer.content.size() == 5u);
    BOOST_TEST((answer.scheduled <= answer.dispatched));
    BOOST_TEST((answer.dispatched <= answer.admitted));
    BOOST_TEST((answer.admitted <= answer.content.front()));
    BOOST_TEST((answer.content.back() == answer.ended));
    BOOST_TEST(answer.answer.empty());
  }
  BOOST_TEST((target->engine_cpu() > 0ns));
}

BOOST_AUTO_TEST_CASE(a_kept_answer_is_text_and_greedy_ones_repeat_whatever_the_temperature) {
  scenario.target.temperature = 1.5;
  make();
  std::vector<std::string> answers;
  for (int i = 0; i < 2; ++i) {
    auto request = asking("the wind", 12);
    request.keep_answer = true;
    request.greedy = true;
    target->submit(request);
    BOOST_REQUIRE(heard.wait_for_ended(answers.size() + 1));
    answers.push_back(heard.ended.back().answer);
  }
  BOOST_TEST(!answers[0].empty());
  BOOST_TEST(answers[0] == answers[1]);
}

BOOST_AUTO_TEST_CASE(a_prompt_longer_than_the_context_has_failed_and_others_go_on) {
  make();
  target->submit(asking(1'000'000, 5));
  target->submit(asking(8, 5));
  BOOST_REQUIRE(heard.wait_for_ended(2));
  int failed = 0;
  for (const auto& answer : heard.ended)
    failed += std::holds_alternative<Failed>(answer.outcome) ? 1 : 0;
  BOOST_TEST(failed == 1);
}

BOOST_AUTO_TEST_CASE(deadlines_and_patience_for_the_first_token_end_requests) {
  make();
  auto late = asking(8, 5);
  late.deadline = now() - 1ms;
  target->submit(late);
  BOOST_REQUIRE(heard.wait_for_ended(1));
  BOOST_TEST(std::holds_alternative<TimedOut>(heard.ended[0].outcome));

  scenario.target.first_token_timeout = 1ns;
  make();
  target->submit(asking(8, 5));
  BOOST_REQUIRE(heard.wait_for_ended(2));
  BOOST_TEST(std::holds_alternative<TimedOut>(heard.ended[1].outcome));

  scenario.target.first_token_timeout = 0ns;
  scenario.target.token_gap_timeout = 1ns;
  make();
  target->submit(asking(8, 5));
  BOOST_REQUIRE(heard.wait_for_ended(3));
  BOOST_TEST(std::holds_alternative<TimedOut>(heard.ended[2].outcome));
  BOOST_TEST(heard.ended[2].content.size() == 1u);
}

BOOST_AUTO_TEST_CASE(abandoned_requests_end_and_later_ones_are_answered) {
  make();
  for (int i = 0; i < 8; ++i) target->submit(asking(8, 200));
  target->abandon(Cancelled{});
  auto later = asking(8, 2);
  target->submit(later);
  BOOST_REQUIRE(heard.wait_for_ended(9));
  int cancelled = 0;
  for (const auto& answer : heard.ended) {
    cancelled += std::holds_alternative<Cancelled>(answer.outcome) ? 1 : 0;
    if (answer.request == later.id) BOOST_TEST(std::holds_alternative<Completed>(answer.outcome));
  }
  BOOST_TEST(cancelled == 8);
}

BOOST_AUTO_TEST_CASE(an_idle_engine_uses_no_cpu) {
  make();
  target->submit(asking(8, 2));
  BOOST_REQUIRE(heard.wait_for_ended(1));
  std::this_thread::sleep_for(50ms);
  const auto before = measure_own_process().cpu;
  std::this_thread::sleep_for(300ms);
  BOOST_TEST((measure_own_process().cpu - before < 100ms));
}

BOOST_AUTO_TEST_CASE(a_model_that_cannot_be_had_is_for_the_user_to_mend) {
  scenario.target.model = "synthetic:no-such-shape/q8_0";
  BOOST_CHECK_THROW(make(), TargetError);
}

BOOST_AUTO_TEST_SUITE_END()
