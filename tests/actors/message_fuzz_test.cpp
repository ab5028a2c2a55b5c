// Frames that arrive damaged: decode() must refuse them or give something within the limits.

#include <boost/test/unit_test.hpp>
#include <vector>

#include "actors/wire/limits.hpp"
#include "actors/wire/message_codec.hpp"
#include "tests/actors/random_messages.hpp"

using namespace squall::actors;
using squall::scenarios::Random;
using squall::tests::RandomMessages;

namespace {

/// Uses what was decoded as its receivers do, so that a sanitizer sees any harm in it.
bool usable(const Envelope& envelope) {
  const auto* from_agent = std::get_if<AgentMessage>(&envelope.message);
  if (from_agent == nullptr) return true;
  const auto* batch = std::get_if<MetricsBatch>(from_agent);
  if (batch == nullptr) return true;
  PhaseMetrics sum;
  for (const auto& phase : batch->snapshot.phases) sum.merge(phase);
  for (const auto& histogram : sum.durations) {
    if (histogram.count() == 0) continue;
    if (histogram.value_at_rank(1) > histogram.value_at_rank(histogram.count())) return false;
    if (histogram.count() > 2 * count_limit) return false;
  }
  if (sum.cached > sum.ledger.ok || sum.good > sum.ledger.ok || sum.accuracy_agreed > sum.accuracy_asked) return false;
  if (sum.categories.size() > category_limit) return false;
  for (const RunEvent& event : batch->snapshot.events)
    if (event.at < nanoseconds{0} || event.what.size() > event_text_limit) return false;
  return batch->snapshot.to - batch->snapshot.from >= nanoseconds{0};
}

struct Tally {
  int refused = 0;
  int accepted = 0;
};

void check(std::span<const std::byte> frame, Tally& tally) {
  const auto decoded = decode(frame);
  if (const auto* envelope = std::get_if<Envelope>(&decoded)) {
    ++tally.accepted;
    BOOST_REQUIRE(usable(*envelope));
  } else {
    ++tally.refused;
    BOOST_REQUIRE(!std::get<DecodeError>(decoded).text.empty());
  }
}

/// One of: bits flipped, bytes replaced, a piece taken out, repeated, or put in from elsewhere.
void mutate(Bytes& frame, const Bytes& other, Random& random) {
  const auto place = [&](const Bytes& bytes) {
    return static_cast<std::ptrdiff_t>(bytes.empty() ? 0 : random.next() % bytes.size());
  };
  const auto at = frame.begin() + place(frame);
  const auto length =
      std::min<std::ptrdiff_t>(frame.end() - at, static_cast<std::ptrdiff_t>(random.next() % 9));
  switch (random.next() % 5) {
    case 0:
      if (at != frame.end()) *at ^= std::byte{1} << static_cast<int>(random.next() % 8);
      break;
    case 1:
      if (at != frame.end()) *at = static_cast<std::byte>(random.next());
      break;
    case 2:
      frame.erase(at, at + length);
      break;
    case 3: {
      const Bytes piece(at, at + length);
      frame.insert(frame.begin() + place(frame), piece.begin(), piece.end());
      break;
    }
    default: {
      const auto from = other.begin() + place(other);
      const auto size = std::min<std::ptrdiff_t>(other.end() - from, length * 4);
      frame.insert(at, from, from + size);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_truncation_is_refused_or_harmless) {
  Tally tally;
  for (std::size_t kind = 0; kind < RandomMessages::kinds; ++kind) {
    const Bytes frame = encode(RandomMessages(kind).envelope(kind));
    const std::size_t step = 1 + frame.size() / 2000;
    for (std::size_t size = 0; size < frame.size(); size += step)
      check({frame.data(), size}, tally);
  }
  BOOST_TEST(tally.refused > tally.accepted);
}

BOOST_AUTO_TEST_CASE(twenty_thousand_mutated_frames_are_refused_or_harmless) {
  std::vector<Bytes> seeds;
  for (std::uint64_t seed = 0; seed < 4; ++seed)
    for (std::size_t kind = 0; kind < RandomMessages::kinds; ++kind)
      seeds.push_back(encode(RandomMessages(seed).envelope(kind)));
  Random random(99);
  Tally tally;
  for (int round = 0; round < 20'000; ++round) {
    // Batches have the most to get wrong, so they come more often.
    const std::size_t batch =
        RandomMessages::batch_kind + RandomMessages::kinds * (random.next() % 4);
    Bytes frame = seeds[round % 4 == 0 ? batch : random.next() % seeds.size()];
    const Bytes& other = seeds[random.next() % seeds.size()];
    for (std::uint64_t edits = 1 + random.next() % 4; edits > 0; --edits)
      mutate(frame, other, random);
    check(frame, tally);
  }
  BOOST_TEST(tally.refused > 1000);
  BOOST_TEST(tally.accepted > 1000);  // else the damage would be too coarse to test the checks
}

BOOST_AUTO_TEST_CASE(random_bytes_are_refused) {
  Random random(100);
  Tally tally;
  for (int round = 0; round < 5'000; ++round) {
    Bytes frame(random.next() % 200);
    for (auto& each : frame) each = static_cast<std::byte>(random.next());
    check(frame, tally);
  }
  BOOST_TEST(tally.accepted == 0);
}
