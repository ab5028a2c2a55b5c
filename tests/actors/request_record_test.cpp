// One request's record gives its durations to the nanosecond, and travels within a batch unharmed.

#include "actors/metrics/request_record.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/metrics/metrics_recorder.hpp"
#include "actors/wire/message_codec.hpp"
#include "actors/wire/request_codec.hpp"
#include "scenarios/load/random.hpp"

using namespace squall::actors;
using namespace std::chrono_literals;
using squall::scenarios::Metric;

namespace {

const Instant start = Instant{} + 1h;

/// 5 tokens in 4 chunks: 10, 30, 90 and 110 ms after the dispatch, which was 2 ms late.
RequestTimeline answered() {
  RequestTimeline timeline;
  timeline.request = 17;
  timeline.scheduled = start + 1s;
  timeline.dispatched = timeline.scheduled + 2ms;
  timeline.admitted = timeline.dispatched + 4ms;
  for (const auto at : {10ms, 30ms, 90ms, 110ms})
    timeline.content.push_back(timeline.dispatched + at);
  timeline.ended = timeline.content.back();
  timeline.prompt_tokens = 7;
  timeline.output_tokens = 5;
  timeline.category = 3;
  timeline.outcome = Completed{};
  return timeline;
}

RequestRecord random_record(squall::scenarios::Random& random) {
  RequestRecord record;
  const auto duration = [&] {
    return nanoseconds(static_cast<std::int64_t>((random.next() % 20'000'000'000)) - 5'000);
  };
  record.request = (random.next() % 1'000'000);
  record.phase = (random.next() % 2) == 0 ? Phase::warm_up : Phase::measure;
  record.ending = static_cast<RequestEnding>((random.next() % 5));
  record.from_cache = (random.next() % 4) == 0;
  record.scheduled = duration();
  record.dispatch_delay = duration();
  if ((random.next() % 3) > 0) {
    record.to_first = duration();
    record.to_last = duration();
  }
  if ((random.next() % 2) == 0) record.stall = duration();
  if ((random.next() % 2) == 0) record.queue = nanoseconds{0};
  record.prompt_tokens = static_cast<std::uint32_t>((random.next() % 100'000));
  record.output_tokens = static_cast<std::uint32_t>((random.next() % 5'000));
  record.category = static_cast<std::uint32_t>((random.next() % 64));
  record.attempts = 1 + static_cast<std::uint32_t>((random.next() % 3));
  return record;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_duration_is_what_its_definition_says) {
  const RequestRecord record = record_of(answered(), start);
  const auto is = [&](Metric metric, nanoseconds expected) {
    const auto duration = duration_of(record, metric);
    BOOST_REQUIRE(duration.has_value());
    BOOST_TEST(duration->count() == expected.count());
  };
  BOOST_TEST(record.scheduled.count() == nanoseconds(1s).count());
  is(Metric::dispatch_delay, 2ms);
  is(Metric::ttft, 12ms);
  is(Metric::ttft_service, 10ms);
  is(Metric::e2e, 112ms);
  is(Metric::e2e_service, 110ms);
  is(Metric::tpot, 25ms);
  is(Metric::ntpot, 22ms);
  is(Metric::stall, 60ms);
  is(Metric::queue, 4ms);
  is(Metric::prefill, 6ms);
  BOOST_TEST(!duration_of(record, Metric::cache_hit).has_value());
  BOOST_TEST(!duration_of(record, Metric::icl).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_not_defined_is_absent) {
  RequestTimeline timeline = answered();
  timeline.content.resize(1);  // five tokens in one chunk: nothing between them to measure
  timeline.admitted = Instant{};
  const RequestRecord one_chunk = record_of(timeline, start);
  for (const Metric metric : {Metric::tpot, Metric::stall, Metric::queue, Metric::prefill})
    BOOST_TEST(!duration_of(one_chunk, metric).has_value());

  timeline.outcome = Failed{"refused"};
  const RequestRecord failed = record_of(timeline, start);
  BOOST_TEST((failed.ending == RequestEnding::error));
  BOOST_TEST(!duration_of(failed, Metric::ttft).has_value());
  BOOST_TEST(duration_of(failed, Metric::dispatch_delay).has_value());

  timeline.outcome = Completed{};
  timeline.from_cache = true;
  const RequestRecord cached = record_of(timeline, start);
  BOOST_TEST(!duration_of(cached, Metric::e2e).has_value());
  BOOST_TEST(duration_of(cached, Metric::cache_hit)->count() == nanoseconds(12ms).count());

  timeline.content.clear();
  BOOST_TEST((record_of(timeline, start).ending == RequestEnding::error));
}

BOOST_AUTO_TEST_CASE(records_travel_within_a_batch) {
  squall::scenarios::Random random(5);
  for (int round = 0; round < 50; ++round) {
    MetricsBatch batch{1, {}};
    for (std::uint64_t i = (random.next() % 40); i > 0; --i)
      batch.snapshot.requests.push_back(random_record(random));
    const Bytes bytes = encode_alone(batch);
    const auto back = requests_of(bytes);
    BOOST_REQUIRE(back.has_value());
    BOOST_TEST((*back == batch.snapshot.requests));
  }
}

BOOST_AUTO_TEST_CASE(what_are_no_records_is_refused) {
  squall::scenarios::Random random(6);
  MetricsBatch batch{1, {}};
  for (int i = 0; i < 20; ++i) batch.snapshot.requests.push_back(random_record(random));
  batch.snapshot.requests[3].category = 64;  // beyond what a scenario may have
  BOOST_TEST(!requests_of(encode_alone(batch)).has_value());
  batch.snapshot.requests[3].category = 0;
  const Bytes whole = encode_alone(batch);
  BOOST_REQUIRE(requests_of(whole).has_value());
  std::size_t refused = 0;
  for (int round = 0; round < 2'000; ++round) {  // whatever comes of it: no crash, no allocation
    Bytes broken = whole;
    broken[(random.next() % (broken.size()))] = static_cast<std::byte>((random.next() % 256));
    if (round % 2 == 0) broken.resize((random.next() % (broken.size())));
    refused += requests_of(broken) ? 0 : 1;
  }
  BOOST_TEST(refused > 500u);
  batch.snapshot.requests.resize(MetricsSnapshot::requests_kept + 1, batch.snapshot.requests[0]);
  BOOST_TEST(!requests_of(encode_alone(batch)).has_value());
}

BOOST_AUTO_TEST_CASE(the_recorder_keeps_a_record_of_each_request_that_ended) {
  MetricsRecorder recorder(start);
  recorder.on_scheduled(Phase::measure);
  recorder.on_issued(Phase::measure, answered().dispatched);
  recorder.on_ended(answered());
  const MetricsSnapshot snapshot = recorder.take_snapshot(start + 2s);
  BOOST_REQUIRE(snapshot.requests.size() == 1u);
  BOOST_TEST((snapshot.requests.front() == record_of(answered(), start)));
  BOOST_TEST(recorder.take_snapshot(start + 3s).requests.empty());
}
