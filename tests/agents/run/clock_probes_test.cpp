#include "agents/run/clock_probes.hpp"

#include <boost/test/unit_test.hpp>

using namespace squall::agents;
using namespace squall::actors;
using namespace std::chrono_literals;

namespace {

/// A coordinator's clock that is ahead and drifts; the line takes 1 ms each way and more now and
/// then.
struct Clocks {
  ClockProbes probes{0.5};
  Instant now{1h};
  nanoseconds ahead = 10s;
  int asked = 0;

  ClockSample sample(nanoseconds there, nanoseconds back) {
    const Instant sent = now;
    now += there;
    const Instant received = now + ahead;
    now += back;
    return {sent, received, received, now};
  }
  /// Ticks every 20 ms; each third probe meets a queue on its way there.
  void live(nanoseconds duration, bool answered = true) {
    for (const Instant end = now + duration; now < end; now += 20ms) {
      if (!probes.due(now)) continue;
      ++asked;
      if (answered) probes.on_reply(sample(asked % 3 == 0 ? 9ms : 1ms, 1ms));
    }
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(clock_probes, Clocks)

BOOST_AUTO_TEST_CASE(sixteen_answers_make_the_clock_known) {
  live(300ms);
  BOOST_TEST(!probes.known());
  live(200ms);
  BOOST_TEST(probes.known());
  BOOST_TEST(asked == 16);
  BOOST_TEST((probes.offset() == 10s));  // by the shortest round trips; queues do not count
  BOOST_TEST((probes.error_bound() == 1ms));
}

BOOST_AUTO_TEST_CASE(probes_that_got_lost_before_the_start_are_replaced) {
  live(5s, false);
  BOOST_TEST(!probes.known());
  BOOST_TEST(asked >= 200);
  live(1s);
  BOOST_TEST(probes.known());
}

BOOST_AUTO_TEST_CASE(a_later_burst_every_ten_seconds_follows_the_drift) {
  live(500ms);
  asked = 0;
  ahead += 3ms;
  live(8s);
  BOOST_TEST(asked == 8);
  BOOST_TEST((probes.offset() == 10s + 3ms));
  asked = 0;
  live(30s);
  BOOST_TEST(asked >= 16);
  BOOST_TEST(asked <= 32);
}

BOOST_AUTO_TEST_CASE(a_later_burst_that_is_lost_changes_nothing_and_ends) {
  live(500ms);
  asked = 0;
  ahead += 3ms;
  live(8s, false);
  BOOST_TEST(asked <= 24);
  BOOST_TEST(!probes.in_burst());
  BOOST_TEST((probes.offset() == 10s));
}

BOOST_AUTO_TEST_SUITE_END()
