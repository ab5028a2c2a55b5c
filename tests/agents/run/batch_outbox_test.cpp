#include <boost/test/unit_test.hpp>

#include "actors/wire/message_codec.hpp"
#include "tests/agents/agent_run_driver.hpp"

using namespace squall;
using namespace squall::tests;

namespace {

struct Outbox {
  BatchOutbox outbox;
  Instant now{1h};

  std::vector<std::uint64_t> due() {
    AgentEffects effects;
    outbox.send_due(now, effects);
    std::vector<std::uint64_t> sequences;
    for (const MetricsBatch& batch : all_sent<MetricsBatch>(effects))
      sequences.push_back(batch.sequence);
    return sequences;
  }

  void add(std::size_t how_many, const MetricsSnapshot& snapshot = {}) {
    for (std::size_t i = 0; i < how_many; ++i) outbox.add(snapshot);
  }
};

/// About as large as a batch can be: errors without end.
MetricsSnapshot large_snapshot() {
  MetricsSnapshot snapshot;
  for (int i = 0; i < 250; ++i)
    snapshot[Phase::measure].errors[std::to_string(i) + std::string(1900, 'x')] = 1;
  return snapshot;
}

/// As a busy agent's: many durations, far apart.
MetricsSnapshot busy_snapshot() {
  MetricsSnapshot snapshot;
  for (auto& histogram : snapshot[Phase::measure].durations)
    for (int i = 1; i < 2000; ++i) histogram.record(i * i * 1us, 1 + i % 300);
  return snapshot;
}

/// Of many categories of prompts, whose durations fall into many buckets of few counts each.
MetricsSnapshot crowded_snapshot() {
  MetricsSnapshot snapshot;
  auto& categories = snapshot[Phase::measure].categories;
  categories.resize(64);
  for (auto& category : categories) {
    for (int i = 1; i < 2000; ++i) category.ttft.record(i * i * 1us);
    category.e2e = category.ttft;
  }
  return snapshot;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(batch_outbox, Outbox)

BOOST_AUTO_TEST_CASE(no_more_than_the_window_is_under_way) {
  add(100);
  BOOST_TEST(due().size() == BatchOutbox::batches_under_way);
  BOOST_TEST(outbox.under_way() == BatchOutbox::batches_under_way);
  BOOST_TEST(outbox.unacknowledged() == 100u);
  BOOST_TEST(due().empty());
  outbox.acknowledge(10);
  const std::vector<std::uint64_t> next{33, 34, 35, 36, 37, 38, 39, 40, 41, 42};
  BOOST_TEST(due() == next, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(large_batches_fill_the_window_sooner) {
  for (const MetricsSnapshot& large : {large_snapshot(), crowded_snapshot()}) {
    outbox = {};
    add(32, large);
    const std::size_t sent = due().size();
    const Envelope message{"a run", 1, AgentMessage{MetricsBatch{1, large}}};
    const std::size_t size = encode(message).size();
    BOOST_TEST(sent < 32u);
    BOOST_TEST(sent * size <= BatchOutbox::bytes_under_way);
    BOOST_TEST((sent + 1) * (size + 1024) > BatchOutbox::bytes_under_way);
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_acknowledged_in_time_is_sent_again_and_nothing_else) {
  add(2);
  BOOST_TEST(due().size() == 2u);
  now += 600ms;
  add(1);
  BOOST_TEST(due().size() == 1u);
  now += 500ms;
  const std::vector<std::uint64_t> again{1, 2};
  BOOST_TEST(due() == again, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_acknowledgement_of_what_was_never_taken_is_not_believed) {
  add(3);
  outbox.acknowledge(4);
  BOOST_TEST(outbox.unacknowledged() == 3u);
  outbox.acknowledge(3);
  BOOST_TEST(outbox.unacknowledged() == 0u);
  outbox.acknowledge(1);  // an old answer
  BOOST_TEST(outbox.taken() == 3u);
}

BOOST_AUTO_TEST_CASE(after_a_new_connection_all_of_the_window_is_due) {
  add(5);
  due();
  outbox.forget_what_was_sent();
  BOOST_TEST(due().size() == 5u);
}

BOOST_AUTO_TEST_CASE(what_no_message_can_hold_is_not_taken) {
  BOOST_TEST(outbox.add(endless_snapshot()) == nullptr);
  BOOST_TEST(outbox.taken() == 0u);
  BOOST_TEST(due().empty());
  BOOST_TEST(outbox.seal("").hash == BatchOutbox{}.seal("").hash);
  for (const MetricsSnapshot& snapshot : {large_snapshot(), busy_snapshot()}) {
    const MetricsBatch* batch = outbox.add(snapshot);
    BOOST_REQUIRE(batch != nullptr);
    BOOST_TEST(encode(Envelope{"a run", 1, AgentMessage{*batch}}).size() <= frame_limit);
  }
  BOOST_TEST(outbox.taken() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
