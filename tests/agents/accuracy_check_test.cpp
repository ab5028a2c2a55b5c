#include "agents/load/accuracy_check.hpp"

#include <boost/test/unit_test.hpp>

using namespace squall;
using namespace squall::actors;
using namespace squall::agents;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  Instant now{1h};
  AccuracyCheck check{{.requests = 3, .bytes = 1 << 20, .patience = 10s}};

  LoadRequest asking(std::uint64_t id, const std::string& text = "hello") {
    LoadRequest request;
    request.id = id;
    request.plan.check_accuracy = true;
    request.plan.answer_tokens = 7;
    request.prompt.parts = {{scenarios::Speaker::user, text}};
    return request;
  }

  static RequestTimeline ended(std::uint64_t id, std::string answer,
                               RequestOutcome outcome = Completed{}) {
    RequestTimeline timeline;
    timeline.request = id;
    timeline.answer = std::move(answer);
    timeline.outcome = std::move(outcome);
    return timeline;
  }

  void answered_under_load(std::uint64_t id, const std::string& answer) {
    check.on_submit(asking(id));
    check.on_ended(ended(id, answer));
  }

  std::optional<bool> answered_at_rest(std::string answer, RequestOutcome outcome = Completed{}) {
    const auto request = check.next(now, now + 1h);
    BOOST_REQUIRE(request.has_value());
    return check.on_answer(ended(request->id, std::move(answer), std::move(outcome)));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(accuracy_check, Fixture)

BOOST_AUTO_TEST_CASE(a_sampled_request_is_asked_again_as_it_was_but_greedily) {
  check.on_submit(asking(5, "what?"));
  check.on_ended(ended(5, "that"));
  const auto again = check.next(now, now + 1h);
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST(AccuracyCheck::asks(again->id));
  BOOST_TEST(!AccuracyCheck::asks(5));
  BOOST_TEST((again->prompt == asking(5, "what?").prompt));
  BOOST_TEST(again->plan.answer_tokens == 7u);
  BOOST_TEST(again->plan.check_accuracy);  // goes past the cache
  BOOST_TEST(again->greedy);
  BOOST_TEST(again->keep_answer);
  BOOST_TEST((again->scheduled == now));
  BOOST_TEST((again->deadline == now + 10s));
}

BOOST_AUTO_TEST_CASE(one_is_asked_at_a_time_each_with_an_id_of_its_own) {
  answered_under_load(1, "a");
  answered_under_load(2, "b");
  const auto first = check.next(now, now + 1h);
  BOOST_TEST(check.asking());
  BOOST_TEST(!check.next(now, now + 1h).has_value());
  check.on_answer(ended(first->id, "a"));
  BOOST_TEST(!check.asking());
  const auto second = check.next(now, now + 1h);
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST(second->id != first->id);
  check.on_answer(ended(second->id, "b"));
  BOOST_TEST(!check.next(now, now + 1h).has_value());
  BOOST_TEST(check.findings().empty());
}

BOOST_AUTO_TEST_CASE(equal_text_agrees_and_the_first_difference_is_told_with_its_place) {
  answered_under_load(1, "same");
  answered_under_load(2, "caf\u00e9 au lait");
  answered_under_load(3, "other");
  BOOST_TEST(answered_at_rest("same").value());
  BOOST_TEST(!answered_at_rest("caf\u00e8 au lait").value());
  BOOST_TEST(!answered_at_rest("otter").value());
  BOOST_TEST(check.findings() ==
             std::vector<std::string>{"accuracy: an answer given under load differs at rest from "
                                      "character 4 on (of 13 bytes)"});
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_only_longer_differs_behind_its_end) {
  answered_under_load(1, "abc");
  BOOST_TEST(!answered_at_rest("abcd").value());
  BOOST_TEST(check.findings().front().find("character 4") != std::string::npos);
  answered_under_load(2, "abc");
  BOOST_TEST(!answered_at_rest("").value());
}

BOOST_AUTO_TEST_CASE(what_was_not_sampled_not_measured_or_not_answered_is_not_compared) {
  LoadRequest request = asking(1);
  request.plan.check_accuracy = false;
  check.on_submit(request);
  check.on_ended(ended(1, "a"));
  request = asking(2);
  request.phase = Phase::warm_up;
  check.on_submit(request);
  check.on_ended(ended(2, "a"));
  check.on_submit(asking(3));
  check.on_ended(ended(3, "half", Failed{"reset"}));
  check.on_submit(asking(4));
  check.on_ended(ended(4, "half", TimedOut{}));
  check.on_submit(asking(5));
  check.on_ended(ended(5, ""));  // no text to compare
  BOOST_TEST(!check.next(now, now + 1h).has_value());
  BOOST_TEST(check.findings().empty());
}

BOOST_AUTO_TEST_CASE(what_fails_at_rest_is_neither_same_nor_different_but_told) {
  answered_under_load(1, "a");
  BOOST_TEST(!answered_at_rest("", Failed{"HTTP 503", true}).has_value());
  BOOST_TEST(check.findings() ==
             std::vector<std::string>{"accuracy: 1 sampled answer could not be had again at rest"});
}

BOOST_AUTO_TEST_CASE(no_more_is_kept_than_allowed_and_that_is_told) {
  for (std::uint64_t id = 1; id <= 5; ++id) answered_under_load(id, "a");
  for (int i = 0; i < 3; ++i) BOOST_TEST(answered_at_rest("a").value());
  BOOST_TEST(!check.next(now, now + 1h).has_value());
  BOOST_TEST(check.findings() == std::vector<std::string>{
                                     "accuracy: there was no room to keep 2 sampled answers; lower "
                                     "accuracy.sample"});
}

BOOST_AUTO_TEST_CASE(bytes_are_bounded_too_and_freed_where_no_answer_came) {
  AccuracyCheck small({.requests = 100, .bytes = 3000});
  for (std::uint64_t id = 1; id <= 50; ++id) {
    small.on_submit(asking(id, std::string(1000, 'x')));
    small.on_ended(ended(id, "", Failed{"reset"}));
  }
  small.on_submit(asking(60, std::string(1000, 'x')));
  small.on_ended(ended(60, std::string(2500, 'y')));  // no room for the answer
  small.on_submit(asking(61, std::string(1000, 'x')));
  small.on_ended(ended(61, "fits"));
  small.on_submit(asking(62, std::string(5000, 'x')));
  small.on_ended(ended(62, "its prompt did not"));
  const auto request = small.next(now, now + 1h);
  BOOST_REQUIRE(request.has_value());
  BOOST_TEST(small.on_answer(ended(request->id, "fits")).value());
  BOOST_TEST(!small.next(now, now + 1h).has_value());
  BOOST_TEST(small.findings().front().find("no room to keep 2") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(when_the_time_is_over_the_rest_is_told_and_left) {
  answered_under_load(1, "a");
  answered_under_load(2, "b");
  const Instant until = now + 2s;
  const auto request = check.next(now, until);
  BOOST_TEST((request->deadline == until));
  check.on_answer(ended(request->id, "a"));
  BOOST_TEST(!check.next(until, until).has_value());
  BOOST_TEST(check.findings() == std::vector<std::string>{
                                     "accuracy: the time was over before 1 sampled answer could be "
                                     "asked for again (1 were); raise accuracy.time_limit or lower "
                                     "accuracy.sample"});
}

BOOST_AUTO_TEST_CASE(a_longer_time_limit_is_advised_only_where_it_would_have_helped) {
  for (std::uint64_t id = 1; id <= 3; ++id) answered_under_load(id, "a");
  BOOST_TEST(answered_at_rest("a").value());
  BOOST_TEST(!answered_at_rest("", Cancelled{}).has_value());
  BOOST_TEST(check.findings(AccuracyCheck::End::lease_over) ==
             std::vector<std::string>{"accuracy: the coordinator fell silent before 2 sampled "
                                      "answers could be asked for again (1 were)"});
  BOOST_TEST(check.findings(AccuracyCheck::End::broken_off) ==
             std::vector<std::string>{"accuracy: the run was broken off before 2 sampled answers "
                                      "could be asked for again (1 were)"});
}

BOOST_AUTO_TEST_CASE(an_answer_cut_short_by_the_time_limit_is_out_of_time_and_not_missing) {
  answered_under_load(1, "a");
  const auto request = check.next(now, now + 2s);
  BOOST_TEST(!check.on_answer(ended(request->id, "", TimedOut{})).has_value());
  BOOST_TEST(check.findings().size() == 1u);
  BOOST_TEST(check.findings().front().find("the time was over before 1 sampled") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
