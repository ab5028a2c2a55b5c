#include "actors/bridge/clock_offset.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "scenarios/load/random.hpp"

using namespace squall::actors;
using namespace std::chrono_literals;
using squall::scenarios::Random;

namespace {

const Instant noon{12h};

/// A probe to a coordinator whose clock is `ahead` of the agent's.
ClockSample probe(nanoseconds ahead, nanoseconds there, nanoseconds stay, nanoseconds back,
                  Instant sent = noon) {
  const Instant received = sent + ahead + there;
  return {sent, received, received + stay, sent + there + stay + back};
}

}  // namespace

BOOST_AUTO_TEST_CASE(equal_ways_there_and_back_give_the_exact_offset) {
  for (const nanoseconds ahead : {nanoseconds(0), nanoseconds(5s), nanoseconds(-300h)}) {
    ClockOffset clock;
    clock.add(probe(ahead, 100us, 7ms, 100us));
    BOOST_TEST((clock.offset() == ahead));
    BOOST_TEST((clock.error_bound() == 100us));  // the stay at the coordinator does not count
    BOOST_TEST(clock.samples() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(the_shortest_round_trip_wins_whenever_it_comes) {
  ClockOffset clock;
  clock.add(probe(1s, 9ms, 0ns, 1ms));
  BOOST_TEST((clock.offset() == 1s + 4ms));
  clock.add(probe(1s, 50us, 0ns, 70us));
  clock.add(probe(1s, 3ms, 0ns, 1ms));
  BOOST_TEST((clock.offset() == 1s - 10us));
  BOOST_TEST((clock.error_bound() == 60us));
  BOOST_TEST(clock.samples() == 3u);
}

BOOST_AUTO_TEST_CASE(the_truth_is_always_within_the_bound) {
  Random random(1);
  for (int round = 0; round < 500; ++round) {
    const auto ahead = nanoseconds(static_cast<std::int64_t>(random.normal() * 1e12));
    ClockOffset clock;
    for (int i = 0; i < 16; ++i) {
      const auto delay = [&] {
        return nanoseconds(static_cast<std::int64_t>(50e3 + random.exponential() * 1e6));
      };
      const nanoseconds there = delay();
      const nanoseconds back = delay();
      clock.add(probe(ahead, there, 20us, back, noon + i * 20ms));
    }
    // Halves of odd nanoseconds are rounded.
    BOOST_TEST((std::chrono::abs(clock.offset() - ahead) <= clock.error_bound() + 1ns));
  }
}

BOOST_AUTO_TEST_CASE(samples_that_cannot_be_are_not_counted) {
  ClockOffset clock;
  clock.add({noon, noon, noon, noon - 1ns});           // heard before it was asked
  clock.add({noon, noon + 2s, noon + 1s, noon + 9s});  // answered before it was asked
  clock.add({noon, noon, noon + 3s, noon + 1s});       // stayed longer than it was away
  BOOST_TEST(clock.samples() == 0u);
  BOOST_TEST((clock.offset() == 0ns));
  clock.add({noon, noon, noon, noon});
  BOOST_TEST(clock.samples() == 1u);
  BOOST_TEST((clock.error_bound() == 0ns));
}

BOOST_AUTO_TEST_CASE(the_largest_stamps_that_decode_do_not_overflow) {
  const Instant late{nanoseconds(std::int64_t{1} << 60)};
  const Instant early{nanoseconds(-(std::int64_t{1} << 60))};
  ClockOffset clock;
  clock.add({early, late, late, early});
  BOOST_TEST((clock.offset() == late - early));
  ClockOffset other;
  other.add({late, early, early, late});
  BOOST_TEST((other.offset() == early - late));
}
