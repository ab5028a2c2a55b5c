// What journals keep, as bytes and back; and the hash over an agent's batches.

#include <boost/test/unit_test.hpp>

#include "actors/journal/batch_hash.hpp"
#include "actors/wire/limits.hpp"
#include "actors/wire/message_codec.hpp"
#include "tests/actors/message_equality.hpp"
#include "tests/actors/random_entries.hpp"
#include "tests/fixtures/process.hpp"

using namespace squall::actors;
using squall::scenarios::Random;
using squall::tests::RandomEntries;
using squall::tests::RandomMessages;

namespace {

bool survives(const RunEntry& entry) {
  const auto again = decode_run_entry(encode(entry));
  return again && *again == entry;
}

bool survives(const AgentEntry& entry) {
  const auto again = decode_agent_entry(encode(entry));
  return again && *again == entry;
}

Bytes damaged(Bytes bytes, Random& random) {
  for (std::uint64_t edits = 1 + random.next() % 4; edits > 0 && !bytes.empty(); --edits)
    bytes[random.next() % bytes.size()] = static_cast<std::byte>(random.next());
  if (random.next() % 4 == 0) bytes.resize(random.next() % (bytes.size() + 1));
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_entry_survives_with_any_content) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    RandomEntries entries(seed);
    for (std::size_t kind = 0; kind < RandomEntries::agent_kinds; ++kind)
      BOOST_REQUIRE_MESSAGE(survives(entries.agent_entry(kind)),
                            "an agent's kind " << kind << " with seed " << seed);
    for (std::size_t kind = 0; kind < RandomEntries::run_kinds; ++kind) {
      const RunEntry entry = entries.run_entry(kind);
      BOOST_REQUIRE(entry.index() == kind);
      BOOST_REQUIRE_MESSAGE(survives(entry), "a run's kind " << kind << " with seed " << seed);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_scenario_as_long_as_a_frame_is_kept_whole) {
  RunOpened opened;
  opened.scenario_text = std::string(frame_limit, 's');
  BOOST_TEST(survives(RunEntry(opened)));
  BOOST_TEST(encode(RunEntry(opened)).size() < record_limit);
}

BOOST_AUTO_TEST_CASE(what_no_run_has_is_no_entry) {
  const auto refused = [](RunEntry entry) { return !decode_run_entry(encode(entry)); };
  BOOST_TEST(refused(StartDecided{time_limit + 1}));
  BOOST_TEST(refused(ShareDealt{0, {4, 4, 1}}));
  BOOST_TEST(refused(ShareMoved{0, 1, {1, {0, 0, 0}, {}, {}}}));
  BOOST_TEST(refused(AgentGivenUp{0, 0, "", -time_limit - 1}));
  BOOST_TEST(refused(LoadStopped{time_limit + 1, false, ""}));
  BOOST_TEST(refused(CoordinatorResumed{0, time_limit + 1, ""}));
  BOOST_TEST(refused(BatchKept{0, {0, {}}}));
  BOOST_TEST(!decode_run_entry(Bytes{}));
  BOOST_TEST(!decode_agent_entry(Bytes{}));
  // One kind of journal is not the other, nor is a frame of the wire either.
  BOOST_TEST(!decode_agent_entry(encode(RunEntry(LoadStopped{}))));
  BOOST_TEST(!decode_run_entry(encode(Envelope{"run", 1, AgentMessage(AskRoster{})})));
}

BOOST_AUTO_TEST_CASE(ten_thousand_damaged_entries_are_refused_or_within_the_limits) {
  Random random(7);
  int refused = 0, accepted = 0;
  for (std::uint64_t round = 0; round < 10'000; ++round) {
    RandomEntries entries(round % 8);
    const Bytes of_run = encode(entries.run_entry(random.next() % RandomEntries::run_kinds));
    const Bytes of_agent = encode(entries.agent_entry(random.next() % RandomEntries::agent_kinds));
    if (const auto entry = decode_run_entry(damaged(of_run, random))) {
      ++accepted;
      BOOST_REQUIRE(survives(*entry));
    } else {
      ++refused;
    }
    if (const auto entry = decode_agent_entry(damaged(of_agent, random)))
      BOOST_REQUIRE(survives(*entry));
  }
  BOOST_TEST(refused > 500);
  BOOST_TEST(accepted > 500);
}

BOOST_AUTO_TEST_CASE(journals_begin_with_what_they_are_of) {
  const squall::tests::TemporaryFolder folder;
  const auto kept = [&](const char* name, const std::vector<Bytes>& records) {
    const auto path = folder.path() / name;
    const auto journal = create_journal(path);
    for (const Bytes& record : records) journal->append(record);
    journal->sync();
    return path;
  };
  RandomEntries some(3);
  const Bytes opened = encode(some.run_entry(0)), joined = encode(some.run_entry(1));
  const Bytes part = encode(some.agent_entry(0)), batch = encode(some.agent_entry(1));
  BOOST_TEST(read_run_journal(kept("a", {opened, joined})).size() == 2u);
  BOOST_TEST(read_agent_journal(kept("b", {part, batch})).size() == 2u);
  BOOST_TEST(read_agent_journal(kept("c", {})).empty());
  BOOST_CHECK_THROW(read_run_journal(kept("d", {joined, opened})), JournalError);
  BOOST_CHECK_THROW(read_run_journal(kept("e", {opened, opened})), JournalError);
  BOOST_CHECK_THROW(read_run_journal(kept("f", {})), JournalError);
  BOOST_CHECK_THROW(read_run_journal(kept("g", {part})), JournalError);
  BOOST_CHECK_THROW(read_agent_journal(kept("h", {batch})), JournalError);
  BOOST_CHECK_THROW(read_agent_journal(folder.path() / "none"), JournalError);
}

BOOST_AUTO_TEST_CASE(both_ends_of_the_wire_hash_batches_alike) {
  RandomMessages messages(11);
  BatchHash sent, arrived;
  for (int i = 0; i < 50; ++i) {
    const MetricsBatch batch = messages.batch();
    const Envelope envelope{"run", 7, AgentMessage(batch)};
    const auto decoded = decode(encode(envelope));
    const auto& message = std::get<AgentMessage>(std::get<Envelope>(decoded).message);
    sent.add(batch);
    arrived.add(std::get<MetricsBatch>(message));
    BOOST_TEST((std::get<MetricsBatch>(message).encoded == encode_alone(batch)));
  }
  BOOST_TEST(sent.value() == arrived.value());
  BOOST_TEST(sent.value() != BatchHash{}.value());
}

BOOST_AUTO_TEST_CASE(the_hash_knows_order_and_every_figure) {
  MetricsBatch one{1, {}}, two{2, {}};
  BatchHash forward, backward, changed;
  forward.add(one);
  forward.add(two);
  backward.add(two);
  backward.add(one);
  two.snapshot.tokens_in_interval = 1;
  changed.add(one);
  changed.add(two);
  BOOST_TEST(forward.value() != backward.value());
  BOOST_TEST(forward.value() != changed.value());
}
