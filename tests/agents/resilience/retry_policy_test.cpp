#include "agents/targets/resilience/retry_policy.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

#include "scenarios/load/random.hpp"

using namespace squall;
using namespace squall::actors;
using namespace squall::agents;
using namespace std::chrono_literals;

namespace {

constexpr Instant begun{1h};
constexpr Instant far_away = begun + 24h;

RequestTimeline failed_at(Instant ended, bool may_pass = true, nanoseconds retry_after = 0ns) {
  RequestTimeline attempt;
  attempt.ended = ended;
  attempt.outcome = Failed{"HTTP 503", may_pass, retry_after};
  return attempt;
}

const scenarios::Retries without_jitter{
    .attempts = 10, .first_pause = 100ms, .factor = 2, .longest_pause = 1s, .jitter = 0};

}  // namespace

BOOST_AUTO_TEST_CASE(pauses_grow_by_the_factor_up_to_the_longest) {
  const RetryPolicy policy(without_jitter);
  BOOST_TEST((policy.pause(1, 7) == 100ms));
  BOOST_TEST((policy.pause(2, 7) == 200ms));
  BOOST_TEST((policy.pause(4, 7) == 800ms));
  BOOST_TEST((policy.pause(5, 7) == 1s));
  BOOST_TEST((policy.pause(4'000'000'000U, 7) == 1s));
}

BOOST_AUTO_TEST_CASE(jitter_shortens_a_pause_by_at_most_its_share_and_is_the_seeds_own) {
  scenarios::Retries settings = without_jitter;
  settings.jitter = 0.5;
  const RetryPolicy policy(settings);
  std::set<nanoseconds> seen;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const auto pause = policy.pause(3, seed);
    BOOST_TEST((pause >= 200ms && pause <= 400ms));
    BOOST_TEST((pause == policy.pause(3, seed)));
    seen.insert(pause);
  }
  BOOST_TEST(seen.size() > 990u);
  BOOST_TEST((*seen.begin() < 210ms && *seen.rbegin() > 390ms));
}

BOOST_AUTO_TEST_CASE(the_server_may_ask_for_more_patience_but_not_for_less) {
  const RetryPolicy policy(without_jitter);
  const auto next = [&](nanoseconds retry_after) {
    return *policy.next_attempt(failed_at(begun, true, retry_after), 2, 7, far_away) - begun;
  };
  BOOST_TEST((next(0ns) == 200ms));
  BOOST_TEST((next(150ms) == 200ms));
  BOOST_TEST((next(30s) == 30s));
}

BOOST_AUTO_TEST_CASE(gives_up_when_the_next_attempt_would_not_start_before_the_deadline) {
  const RetryPolicy policy(without_jitter);
  BOOST_TEST(policy.next_attempt(failed_at(begun), 1, 7, begun + 101ms).has_value());
  BOOST_TEST(!policy.next_attempt(failed_at(begun), 1, 7, begun + 100ms).has_value());
  BOOST_TEST(!policy.next_attempt(failed_at(begun), 1, 7, begun - 1s).has_value());
  const auto forever = nanoseconds::max();
  BOOST_TEST(!policy.next_attempt(failed_at(begun, true, forever), 1, 7, far_away).has_value());
}

BOOST_AUTO_TEST_CASE(only_what_may_pass_and_has_no_content_is_tried_again) {
  const RetryPolicy policy(without_jitter);
  const auto tried_again = [&](RequestOutcome outcome, std::vector<Instant> content = {}) {
    RequestTimeline attempt = failed_at(begun);
    attempt.outcome = std::move(outcome);
    attempt.content = std::move(content);
    return policy.next_attempt(attempt, 1, 7, far_away).has_value();
  };
  BOOST_TEST(tried_again(Failed{"HTTP 503", true}));
  BOOST_TEST(tried_again(TimedOut{}));
  BOOST_TEST(!tried_again(Failed{"HTTP 400"}));
  BOOST_TEST(!tried_again(Completed{}));
  BOOST_TEST(!tried_again(Cancelled{}));
  BOOST_TEST(!tried_again(OpenAtEnd{}));
  BOOST_TEST(!tried_again(Failed{"reset", true}, {begun}));
  BOOST_TEST(!tried_again(TimedOut{}, {begun}));
}

BOOST_AUTO_TEST_CASE(makes_no_more_attempts_than_allowed) {
  scenarios::Retries settings = without_jitter;
  settings.attempts = 3;
  const RetryPolicy policy(settings);
  BOOST_TEST(policy.next_attempt(failed_at(begun), 2, 7, far_away).has_value());
  BOOST_TEST(!policy.next_attempt(failed_at(begun), 3, 7, far_away).has_value());
}
