#include "agents/targets/resilience/circuit_breaker.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "scenarios/load/random.hpp"

using namespace squall;
using namespace squall::actors;
using namespace std::chrono_literals;
using agents::CircuitBreaker;
using State = agents::CircuitBreaker::State;
using Sign = agents::CircuitBreaker::Sign;

namespace {

struct Fixture {
  Instant now{1h};
  CircuitBreaker breaker{{.failures = 3, .open_for = 5s, .probes = 2}};
  std::vector<std::string> told;

  std::optional<CircuitBreaker::Permit> ask() {
    const auto decision = breaker.on_request(now);
    if (decision.change) told.push_back(*decision.change);
    return decision.permit;
  }
  void end(CircuitBreaker::Permit permit, Sign sign) {
    if (const auto change = breaker.on_end(permit, sign, "HTTP 503", now)) told.push_back(*change);
  }
  void fail(int times) {
    for (int i = 0; i < times; ++i) end(*ask(), Sign::failed);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(circuit_breaker, Fixture)

BOOST_AUTO_TEST_CASE(opens_after_so_many_failures_in_a_row_and_says_why) {
  fail(2);
  end(*ask(), Sign::answered);
  fail(2);
  BOOST_TEST((breaker.state() == State::closed));
  fail(1);
  BOOST_TEST((breaker.state() == State::open));
  BOOST_TEST(!ask().has_value());
  BOOST_TEST(told == std::vector<std::string>{
                         "circuit breaker open: 3 failures in a row, the last: HTTP 503"});
}

BOOST_AUTO_TEST_CASE(lets_so_many_probes_through_when_its_time_is_over) {
  fail(3);
  now += 5s - 1ns;
  BOOST_TEST(!ask().has_value());
  now += 1ns;
  const auto first = ask();
  const auto second = ask();
  BOOST_TEST(first.has_value());
  BOOST_TEST(second.has_value());
  BOOST_TEST(!ask().has_value());
  end(*first, Sign::answered);
  BOOST_TEST(!ask().has_value());
  end(*second, Sign::answered);
  BOOST_TEST((breaker.state() == State::closed));
  BOOST_TEST(told[1] == "circuit breaker half-open: letting 2 requests through");
  BOOST_TEST(told[2] == "circuit breaker closed: 2 probes answered");
  fail(2);
  BOOST_TEST((breaker.state() == State::closed));
}

BOOST_AUTO_TEST_CASE(one_failed_probe_opens_it_again_for_as_long) {
  fail(3);
  now += 6s;
  const auto first = ask();
  const auto second = ask();
  end(*second, Sign::failed);
  BOOST_TEST(told.back() == "circuit breaker open again: a probe failed: HTTP 503");
  end(*first, Sign::answered);
  BOOST_TEST((breaker.state() == State::open));
  now += 5s - 1ns;
  BOOST_TEST(!ask().has_value());
  now += 1ns;
  BOOST_TEST(ask().has_value());
}

BOOST_AUTO_TEST_CASE(a_probe_that_tells_nothing_gives_its_place_to_another) {
  fail(3);
  now += 6s;
  const auto first = ask();
  const auto second = ask();
  end(*first, Sign::nothing);
  const auto third = ask();
  BOOST_TEST(third.has_value());
  end(*second, Sign::answered);
  end(*third, Sign::answered);
  BOOST_TEST((breaker.state() == State::closed));
}

BOOST_AUTO_TEST_CASE(what_began_before_the_last_change_decides_nothing) {
  const auto slow = ask();
  const auto slower = ask();
  fail(3);
  now += 6s;
  const auto probe = ask();
  end(*slow, Sign::failed);
  end(*slower, Sign::answered);
  BOOST_TEST((breaker.state() == State::half_open));
  end(*probe, Sign::answered);
  end(*ask(), Sign::answered);
  BOOST_TEST((breaker.state() == State::closed));
}

BOOST_AUTO_TEST_CASE(a_refused_request_of_its_own_fault_is_an_answer_and_our_own_end_is_no_sign) {
  BOOST_TEST((agents::sign_of(Completed{}) == Sign::answered));
  BOOST_TEST((agents::sign_of(Failed{"prompt too long"}) == Sign::answered));
  BOOST_TEST((agents::sign_of(Failed{"HTTP 503", true}) == Sign::failed));
  BOOST_TEST((agents::sign_of(TimedOut{}) == Sign::failed));
  BOOST_TEST((agents::sign_of(Cancelled{}) == Sign::nothing));
  BOOST_TEST((agents::sign_of(OpenAtEnd{}) == Sign::nothing));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(whatever_happens_open_means_refusal_and_probes_are_never_more_than_allowed) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    scenarios::Random random(seed);
    const scenarios::CircuitBreaker settings{
        .failures = 1 + static_cast<unsigned>(random.next() % 5),
        .open_for = 10ms,
        .probes = 1 + static_cast<unsigned>(random.next() % 3)};
    CircuitBreaker breaker(settings);
    std::vector<CircuitBreaker::Permit> open;
    std::uint64_t newest_era = 0;
    Instant now{1h}, opened{};
    for (int step = 0; step < 400; ++step) {
      now += nanoseconds(static_cast<std::int64_t>(random.next() % 3'000'000));
      const State before = breaker.state();
      if (open.empty() || random.uniform() < 0.5) {
        const auto decision = breaker.on_request(now);
        if (before == State::open)
          BOOST_TEST(decision.permit.has_value() == (now - opened >= settings.open_for));
        if (before == State::closed) BOOST_TEST(decision.permit.has_value());
        BOOST_TEST((decision.change.has_value() == (breaker.state() != before)));
        if (decision.permit) {
          open.push_back(*decision.permit);
          newest_era = decision.permit->era;
        }
      } else {
        std::swap(open[random.next() % open.size()], open.back());
        const auto sign = static_cast<Sign>(random.next() % 3);
        const auto change = breaker.on_end(open.back(), sign, "", now);
        open.pop_back();
        BOOST_TEST((change.has_value() == (breaker.state() != before)));
        if (change && breaker.state() == State::open) {
          BOOST_TEST((sign == Sign::failed));
          opened = now;
        }
        if (change && breaker.state() == State::closed) BOOST_TEST((sign == Sign::answered));
      }
      if (breaker.state() == State::half_open)
        BOOST_TEST(std::count_if(open.begin(), open.end(), [&](const auto& permit) {
                     return permit.era == newest_era;
                   }) <= settings.probes);
    }
  }
}
