#include "agents/models/retry_schedule.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using namespace squall::agents;
using namespace std::chrono_literals;

namespace {

std::vector<std::chrono::milliseconds> pauses_of(RetrySchedule schedule) {
  std::vector<std::chrono::milliseconds> pauses;
  while (const auto pause = schedule.next()) pauses.push_back(*pause);
  return pauses;
}

const RetryLimits many{.attempts = 12};

}  // namespace

BOOST_AUTO_TEST_CASE(pauses_lie_anywhere_below_a_ceiling_that_doubles_up_to_the_longest) {
  std::vector<std::chrono::milliseconds> largest(11, 0ms), smallest(11, 1h);
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const auto pauses = pauses_of(RetrySchedule(many, seed));
    BOOST_REQUIRE(pauses.size() == 11u);
    for (std::size_t i = 0; i < pauses.size(); ++i) {
      largest[i] = std::max(largest[i], pauses[i]);
      smallest[i] = std::min(smallest[i], pauses[i]);
    }
  }
  for (std::size_t i = 0; i < largest.size(); ++i) {
    const auto ceiling = std::min<std::chrono::milliseconds>(60s, 1s * (1 << i));
    BOOST_TEST((largest[i] <= ceiling));
    BOOST_TEST((largest[i] > ceiling * 9 / 10));
    BOOST_TEST((smallest[i] < ceiling / 10));
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_waits_the_same_and_another_does_not) {
  BOOST_TEST((pauses_of(RetrySchedule(many, 5)) == pauses_of(RetrySchedule(many, 5))));
  BOOST_TEST((pauses_of(RetrySchedule(many, 5)) != pauses_of(RetrySchedule(many, 6))));
}

BOOST_AUTO_TEST_CASE(progress_forgives_earlier_failures) {
  RetrySchedule schedule({.attempts = 3}, 1);
  BOOST_TEST(schedule.next().has_value());
  BOOST_TEST(schedule.next().has_value());
  schedule.progressed();
  const auto first_again = schedule.next();
  BOOST_REQUIRE(first_again.has_value());
  BOOST_TEST((*first_again <= 1s));
  BOOST_TEST(schedule.next().has_value());
  BOOST_TEST(!schedule.next().has_value());
}

BOOST_AUTO_TEST_CASE(what_the_server_asks_for_is_the_least_and_has_a_limit) {
  RetrySchedule schedule(many, 1);
  BOOST_TEST((schedule.next(30s).value() >= 30s));
  BOOST_TEST(!schedule.next(301s).has_value());
}
