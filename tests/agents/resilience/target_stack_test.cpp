// Retries, breaker and cache around a target whose answers the test gives: what a request
// experiences, and what is told about it.

#include "agents/targets/resilience/target_stack.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/agents/resilience/manual_target.hpp"

using namespace squall;
using namespace squall::actors;
using namespace squall::agents;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

const Failed overloaded{"HTTP 503", true};

struct Fixture {
  scenarios::TargetSettings settings;
  Heard heard;
  std::shared_ptr<ManualTarget::Seen> seen = std::make_shared<ManualTarget::Seen>();
  ManualTarget* inner = nullptr;
  std::unique_ptr<Target> target;
  std::uint64_t ids = 0;

  Fixture() { settings.retries.first_pause = 2ms; }

  void make() {
    target = make_target_stack(settings, heard.events(), [this](TargetEvents events) {
      auto made = std::make_unique<ManualTarget>(seen, std::move(events));
      inner = made.get();
      return made;
    });
  }

  LoadRequest asking(const std::string& text) {
    LoadRequest request;
    request.id = ++ids;
    request.scheduled = now() - 10ms;
    request.deadline = now() + 1h;
    request.plan.sampling_seed = ids;
    request.plan.category = 2;
    request.prompt.parts = {{scenarios::Speaker::user, text}};
    return request;
  }
};

struct WithRetries : Fixture {
  WithRetries() {
    settings.retries.attempts = 3;
    make();
  }
};

struct WithBreaker : Fixture {
  WithBreaker() {
    settings.breaker = {.failures = 2, .open_for = 1h, .probes = 1};
    make();
  }
};

struct WithCache : Fixture {
  WithCache() {
    settings.cache.time_to_live = 1h;
    make();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_scenario_that_asks_for_nothing_gets_the_target_itself, Fixture) {
  make();
  BOOST_TEST(target.get() == inner);
}

BOOST_FIXTURE_TEST_CASE(everything_ends_with_the_target_it_stands_before, Fixture) {
  settings.retries.attempts = 2;
  settings.breaker.failures = 2;
  settings.cache.time_to_live = 1s;
  make();
  target->submit(asking("never answered"));
  BOOST_TEST(seen->submitted == 1u);
  target.reset();
  BOOST_TEST(seen->destroyed);
}

BOOST_FIXTURE_TEST_CASE(a_target_that_cannot_be_made_says_so_through_everything, Fixture) {
  settings.retries.attempts = 2;
  settings.breaker.failures = 2;
  settings.cache.time_to_live = 1s;
  const auto fails = [](TargetEvents) -> std::unique_ptr<Target> {
    throw std::runtime_error("no model");
  };
  BOOST_CHECK_THROW(make_target_stack(settings, heard.events(), fails), std::runtime_error);
}

// ---- retries

BOOST_FIXTURE_TEST_CASE(a_retried_request_counts_from_its_first_attempt, WithRetries) {
  const LoadRequest request = asking("hello");
  target->submit(request);
  inner->end_oldest(overloaded);
  const Instant first_ended = now();
  BOOST_REQUIRE(seen->wait_for_submitted(2));
  BOOST_TEST((seen->open.front().prompt == request.prompt));
  BOOST_TEST((seen->open.front().deadline == request.deadline));
  BOOST_TEST(request.attempt == 1u);
  BOOST_TEST(seen->open.front().attempt == 2u);
  inner->end_oldest(Completed{}, "answer");
  BOOST_REQUIRE(heard.wait_for_ended(1));
  const auto& timeline = heard.ended.front();
  BOOST_TEST(std::holds_alternative<Completed>(timeline.outcome));
  BOOST_TEST(timeline.attempts == 2u);
  BOOST_TEST((timeline.scheduled == request.scheduled));
  BOOST_TEST((timeline.dispatched <= first_ended));
  BOOST_TEST((timeline.content.front() >= first_ended));
  BOOST_TEST(heard.tokens == 3u);
}

BOOST_FIXTURE_TEST_CASE(the_last_failure_is_the_one_that_is_told, WithRetries) {
  target->submit(asking("hello"));
  inner->end_oldest(overloaded);
  BOOST_REQUIRE(seen->wait_for_submitted(2));
  inner->end_oldest(overloaded);
  BOOST_REQUIRE(seen->wait_for_submitted(3));
  inner->end_oldest(Failed{"connection reset", true});
  BOOST_REQUIRE(heard.wait_for_ended(1));
  BOOST_TEST(std::get<Failed>(heard.ended.front().outcome).reason == "connection reset");
  BOOST_TEST(heard.ended.front().attempts == 3u);
}

BOOST_FIXTURE_TEST_CASE(what_has_begun_to_answer_is_not_asked_again, WithRetries) {
  target->submit(asking("hello"));
  inner->end_oldest(overloaded, "half an ans");
  BOOST_REQUIRE(heard.wait_for_ended(1));
  BOOST_TEST(heard.ended.front().attempts == 1u);
  BOOST_TEST(seen->submitted == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_request_gives_up_before_its_deadline_at_once, WithRetries) {
  LoadRequest request = asking("hello");
  request.deadline = now() + 1h;
  target->submit(request);
  inner->end_oldest(Failed{"HTTP 429", true, 2h});
  BOOST_REQUIRE(heard.wait_for_ended(1));
  BOOST_TEST(std::get<Failed>(heard.ended.front().outcome).reason == "HTTP 429");
}

BOOST_FIXTURE_TEST_CASE(abandoned_during_a_pause_a_request_ends_at_once_and_only_once, Fixture) {
  settings.retries = {.attempts = 3, .first_pause = 50ms, .longest_pause = 50ms, .jitter = 0};
  make();
  target->submit(asking("pauses"));
  inner->end_oldest(overloaded);
  target->submit(asking("is open"));
  target->abandon(OpenAtEnd{});
  BOOST_REQUIRE(heard.wait_for_ended(2));
  for (const auto& timeline : heard.ended) {
    BOOST_TEST(std::holds_alternative<OpenAtEnd>(timeline.outcome));
    BOOST_TEST(timeline.attempts == 1u);
    BOOST_TEST((timeline.ended >= timeline.dispatched));
  }
  // Past the pause's end: the attempt that would have been made is not.
  target->submit(asking("later"));
  std::this_thread::sleep_for(100ms);
  BOOST_TEST(seen->submitted == 3u);
  BOOST_TEST(heard.ended.size() == 2u);
  target->abandon(Cancelled{});
  BOOST_REQUIRE(heard.wait_for_ended(3));
}

BOOST_FIXTURE_TEST_CASE(after_an_abandonment_new_requests_are_retried_as_before, WithRetries) {
  target->abandon(OpenAtEnd{});
  target->submit(asking("hello"));
  inner->end_oldest(overloaded);
  BOOST_REQUIRE(seen->wait_for_submitted(2));
  inner->end_oldest(Completed{}, "answer");
  BOOST_REQUIRE(heard.wait_for_ended(1));
  BOOST_TEST(std::holds_alternative<Completed>(heard.ended.front().outcome));
}

// ---- breaker

BOOST_FIXTURE_TEST_CASE(while_the_breaker_is_open_requests_fail_at_once, WithBreaker) {
  for (int i = 0; i < 2; ++i) {
    target->submit(asking("fails"));
    inner->end_oldest(overloaded);
  }
  LoadRequest request = asking("refused");
  request.phase = Phase::warm_up;
  target->submit(request);
  BOOST_REQUIRE(heard.wait_for_ended(3));
  BOOST_TEST(seen->submitted == 2u);
  const auto& refused = heard.ended.back();
  BOOST_TEST(refused.request == request.id);
  BOOST_TEST((refused.phase == Phase::warm_up));
  BOOST_TEST((refused.scheduled == request.scheduled));
  BOOST_TEST((refused.dispatched >= request.scheduled));
  BOOST_TEST((refused.ended >= refused.dispatched));
  BOOST_TEST(refused.category == 2u);
  BOOST_TEST(std::get<Failed>(refused.outcome).reason == "circuit breaker open");
  BOOST_TEST(!std::get<Failed>(refused.outcome).may_pass);
  BOOST_TEST(
      heard.happened ==
      std::vector<std::string>{"circuit breaker open: 2 failures in a row, the last: HTTP 503"});
}

BOOST_FIXTURE_TEST_CASE(a_probe_that_is_answered_closes_the_breaker, Fixture) {
  settings.breaker = {.failures = 1, .open_for = 1ms, .probes = 1};
  make();
  target->submit(asking("fails"));
  inner->end_oldest(overloaded);
  std::this_thread::sleep_for(2ms);
  target->submit(asking("probe"));
  target->submit(asking("too many"));
  BOOST_REQUIRE(heard.wait_for_ended(2));
  BOOST_TEST(std::get<Failed>(heard.ended.back().outcome).reason == "circuit breaker open");
  inner->end_oldest(Completed{}, "answer");
  target->submit(asking("as before"));
  inner->end_oldest(Completed{}, "answer");
  BOOST_REQUIRE(heard.wait_for_ended(4));
  BOOST_TEST(seen->submitted == 3u);
  BOOST_REQUIRE(heard.wait_until([&] { return heard.happened.size() == 3; }));
  BOOST_TEST(heard.happened[1] == "circuit breaker half-open: letting 1 request through");
  BOOST_TEST(heard.happened[2] == "circuit breaker closed: 1 probe answered");
}

BOOST_FIXTURE_TEST_CASE(the_breaker_sees_each_attempt_and_ends_the_retries, Fixture) {
  settings.retries = {.attempts = 5, .first_pause = 1ms, .longest_pause = 1ms};
  settings.breaker = {.failures = 2, .open_for = 1h, .probes = 1};
  make();
  target->submit(asking("hello"));
  inner->end_oldest(overloaded);
  BOOST_REQUIRE(seen->wait_for_submitted(2));
  inner->end_oldest(overloaded);
  BOOST_REQUIRE(heard.wait_for_ended(1));
  const auto& timeline = heard.ended.front();
  BOOST_TEST(std::get<Failed>(timeline.outcome).reason == "circuit breaker open");
  BOOST_TEST(timeline.attempts == 3u);  // the refused one is an attempt too
  BOOST_TEST(seen->submitted == 2u);
}

// ---- cache

BOOST_FIXTURE_TEST_CASE(what_was_asked_before_is_answered_from_memory, WithCache) {
  target->submit(asking("hello"));
  inner->end_oldest(Completed{}, "answer");
  LoadRequest again = asking("hello");
  again.keep_answer = true;
  target->submit(again);
  BOOST_REQUIRE(heard.wait_for_ended(2));
  BOOST_TEST(seen->submitted == 1u);
  BOOST_TEST(heard.ended[0].answer.empty());  // nobody but the cache had asked for it
  BOOST_TEST(!heard.ended[0].from_cache);
  const auto& hit = heard.ended[1];
  BOOST_TEST(hit.request == again.id);
  BOOST_TEST(hit.from_cache);
  BOOST_TEST(hit.answer == "answer");
  BOOST_TEST(hit.prompt_tokens == 5u);
  BOOST_TEST(hit.output_tokens == 3u);
  BOOST_TEST(hit.content.size() == 1u);
  BOOST_TEST((hit.scheduled == again.scheduled));
  BOOST_TEST((hit.content[0] >= hit.dispatched && hit.ended >= hit.content[0]));
  BOOST_TEST(heard.tokens == 3u);  // a hit produces none
}

BOOST_FIXTURE_TEST_CASE(only_completed_answers_are_remembered, WithCache) {
  target->submit(asking("hello"));
  inner->end_oldest(overloaded, "half an ans");
  target->submit(asking("hello"));
  inner->end_oldest(Completed{});  // without any content
  target->submit(asking("hello"));
  BOOST_TEST(seen->submitted == 3u);
}

BOOST_FIXTURE_TEST_CASE(equal_requests_at_the_same_time_are_each_asked, WithCache) {
  target->submit(asking("hello"));
  target->submit(asking("hello"));
  BOOST_TEST(seen->submitted == 2u);
  inner->end_oldest(Completed{}, "one");
  inner->end_oldest(Completed{}, "two");
  BOOST_TEST(heard.ended.size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(requests_whose_answers_are_compared_go_past_the_cache, WithCache) {
  target->submit(asking("hello"));
  inner->end_oldest(Completed{}, "answer");
  LoadRequest checked = asking("hello");
  checked.plan.check_accuracy = true;
  checked.keep_answer = true;
  target->submit(checked);
  BOOST_TEST(seen->submitted == 2u);
  inner->end_oldest(Completed{}, "another");
  BOOST_REQUIRE(heard.wait_for_ended(2));
  BOOST_TEST(heard.ended[1].answer == "another");
  BOOST_TEST(!heard.ended[1].from_cache);
}

BOOST_FIXTURE_TEST_CASE(a_hit_is_given_while_the_breaker_is_open, Fixture) {
  settings.breaker = {.failures = 1, .open_for = 1h, .probes = 1};
  settings.cache.time_to_live = 1h;
  make();
  target->submit(asking("hello"));
  inner->end_oldest(Completed{}, "answer");
  target->submit(asking("fails"));
  inner->end_oldest(overloaded);
  target->submit(asking("hello"));
  BOOST_REQUIRE(heard.wait_for_ended(3));
  BOOST_TEST(heard.ended[2].from_cache);
}
