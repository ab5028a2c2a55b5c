// The checks of tests/fuzz/envelope_fuzz on what it begins with, whole and damaged: a look at the
// fuzzer's ground in every test run. The long one is run by hand.

#include <boost/test/unit_test.hpp>
#include <vector>

#include "tests/actors/random_messages.hpp"
#include "tests/fuzz/envelope_checks.hpp"

using namespace squall::actors;
using squall::fixtures::check_envelope;
using squall::scenarios::Random;
using squall::tests::RandomMessages;

BOOST_AUTO_TEST_CASE(messages_of_every_kind_are_believed_used_and_said_again) {
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    for (std::size_t kind = 0; kind < RandomMessages::kinds; ++kind)
      BOOST_TEST(check_envelope(encode(RandomMessages(seed).envelope(kind))),
                 "kind " << kind << " of seed " << seed);
}

BOOST_AUTO_TEST_CASE(damaged_messages_are_refused_or_harmless) {
  Random random(7);
  int believed = 0, refused = 0;
  for (int round = 0; round < 10'000; ++round) {
    const auto seed = static_cast<std::uint64_t>(round);
    Bytes frame = encode(RandomMessages(seed).envelope(random.next() % RandomMessages::kinds));
    for (std::uint64_t edits = 1 + random.next() % 3; edits > 0 && !frame.empty(); --edits)
      frame[random.next() % frame.size()] = static_cast<std::byte>(random.next());
    ++(check_envelope(frame) ? believed : refused);
  }
  BOOST_TEST(believed > 500);
  BOOST_TEST(refused > 500);
}
