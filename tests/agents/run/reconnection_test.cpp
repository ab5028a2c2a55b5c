#include "agents/run/reconnection.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using namespace squall::agents;
using namespace squall::actors;
using namespace std::chrono_literals;

namespace {

struct Silence {
  FabricTimes times;
  Instant now{1h};

  struct Attempts {
    std::vector<nanoseconds> greetings, connections;  // since the last word
  };
  Attempts attempts(std::uint64_t seed, nanoseconds duration) const {
    Reconnection watch(times, seed, now);
    Attempts result;
    for (nanoseconds since{0}; since < duration; since += 10ms) {
      const auto attempt = watch.attempt(now + since);
      if (attempt.greet) result.greetings.push_back(since);
      if (attempt.connect_anew) result.connections.push_back(since);
    }
    return result;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(reconnection, Silence)

BOOST_AUTO_TEST_CASE(nothing_is_done_before_the_silence_is_long) {
  BOOST_TEST(attempts(1, 4990ms).greetings.empty());
  BOOST_TEST(attempts(1, 4990ms).connections.empty());
}

BOOST_AUTO_TEST_CASE(attempts_come_ever_more_rarely_and_never_end) {
  const auto greetings = attempts(1, 10min).greetings;
  BOOST_REQUIRE(greetings.size() > 100u);
  for (std::size_t i = 1; i < greetings.size(); ++i) {
    const nanoseconds pause = greetings[i] - greetings[i - 1];
    BOOST_TEST((pause <= times.reconnect_last + 10ms));
    if (i == 1) BOOST_TEST((pause <= times.reconnect_first + 10ms));
    if (i > 8) BOOST_TEST((pause >= times.reconnect_last / 2));
  }
}

BOOST_AUTO_TEST_CASE(a_connection_is_given_up_only_after_it_had_time_to_answer) {
  const auto connections = attempts(1, 1min).connections;
  BOOST_REQUIRE(connections.size() >= 2u);
  for (std::size_t i = 1; i < connections.size(); ++i)
    BOOST_TEST((connections[i] - connections[i - 1] >= times.connect_anew_after));
}

BOOST_AUTO_TEST_CASE(agents_do_not_come_all_at_once) {
  const auto one = attempts(1, 2min).greetings, other = attempts(2, 2min).greetings;
  BOOST_TEST((one != other));
  BOOST_TEST((one == attempts(1, 2min).greetings));  // and each is the same every time
}

BOOST_AUTO_TEST_CASE(a_word_ends_the_silence_and_the_next_one_begins_anew) {
  Reconnection watch(times, 1, now);
  watch.attempt(now + 6s);
  BOOST_TEST(watch.silent());
  BOOST_TEST(watch.on_heard(now + 7s));
  BOOST_TEST(!watch.on_heard(now + 7s));
  BOOST_TEST(!watch.attempt(now + 11s).greet);
  BOOST_TEST(watch.attempt(now + 12s).greet);
}

BOOST_AUTO_TEST_SUITE_END()
