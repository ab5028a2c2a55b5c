// coordinator/campaign/commands/utc: when the next round of a campaign that repeats is due.

#include <boost/test/unit_test.hpp>

#include "coordinator/campaign/commands/utc.hpp"

using namespace squall::coordinator;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(a_round_that_was_missed_is_due_once_and_now) {
  const auto began = std::chrono::system_clock::time_point(1000h);
  BOOST_TEST((until_next_round(began, 24h, began + 1h) == 23h));
  BOOST_TEST((until_next_round(began, 24h, began + 24h) == 0h));
  BOOST_TEST((until_next_round(began, 24h, began + 80h) == 0h));
  BOOST_TEST((until_next_round(began, 24h, began - 5h) == 24h));  // the clock was set back
}

BOOST_AUTO_TEST_CASE(moments_are_read_as_they_are_written) {
  const auto moment = utc_moment("1970-01-02T00:00:05Z");
  BOOST_REQUIRE(moment.has_value());
  BOOST_TEST((moment->time_since_epoch() == 24h + 5s));
  BOOST_TEST(!utc_moment("yesterday").has_value());
}
