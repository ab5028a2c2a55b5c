#include "actors/metrics/metrics_recorder.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "scenarios/load/random.hpp"

using namespace squall::actors;
using namespace std::chrono_literals;
using squall::scenarios::Metric;
using squall::scenarios::Random;

namespace {

const Instant start{100s};

RequestTimeline answered(Instant scheduled) {
  RequestTimeline timeline;
  timeline.scheduled = scheduled;
  timeline.dispatched = scheduled + 400ns;
  timeline.admitted = scheduled + 2ms;
  timeline.content = {scheduled + 10ms, scheduled + 13ms, scheduled + 20ms};
  timeline.ended = scheduled + 21ms;
  timeline.prompt_tokens = 7;
  timeline.output_tokens = 3;
  timeline.outcome = Completed{};
  return timeline;
}

void run_one(MetricsRecorder& recorder, const RequestTimeline& timeline) {
  recorder.on_scheduled(timeline.phase);
  recorder.on_issued(timeline.phase, timeline.dispatched);
  recorder.on_ended(timeline);
}

PhaseMetrics metrics_of(const RequestTimeline& timeline) {
  MetricsRecorder recorder(start);
  run_one(recorder, timeline);
  return recorder.take_snapshot(start + 1s)[timeline.phase];
}

const Histogram& durations(const PhaseMetrics& metrics, Metric metric) {
  return metrics.durations[static_cast<std::size_t>(metric)];
}

nanoseconds only_value(const PhaseMetrics& metrics, Metric metric) {
  const Histogram& histogram = durations(metrics, metric);
  BOOST_REQUIRE(histogram.count() == 1u);
  return histogram.sum();
}

void check_no_latency(const PhaseMetrics& metrics) {
  for (std::size_t i = 0; i < metrics.durations.size(); ++i)
    if (static_cast<Metric>(i) != Metric::dispatch_delay)
      BOOST_TEST(metrics.durations[i].count() == 0u);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_completed_request_leaves_each_duration_as_defined) {
  const PhaseMetrics metrics = metrics_of(answered(start));
  BOOST_TEST((only_value(metrics, Metric::ttft) == 10ms));
  BOOST_TEST((only_value(metrics, Metric::ttft_service) == 10ms - 400ns));
  BOOST_TEST((only_value(metrics, Metric::e2e) == 20ms));
  BOOST_TEST((only_value(metrics, Metric::e2e_service) == 20ms - 400ns));
  BOOST_TEST((only_value(metrics, Metric::tpot) == 5ms));
  BOOST_TEST((only_value(metrics, Metric::dispatch_delay) == 400ns));
  BOOST_TEST((only_value(metrics, Metric::queue) == 2ms - 400ns));
  BOOST_TEST((only_value(metrics, Metric::prefill) == 8ms));
  const Histogram& gaps = durations(metrics, Metric::icl);
  BOOST_TEST(gaps.count() == 2u);
  BOOST_TEST((gaps.minimum() == 3ms));
  BOOST_TEST((gaps.maximum() == 7ms));
  BOOST_TEST(metrics.ledger.ok == 1u);
  BOOST_TEST(metrics.prompt_tokens == 7u);
  BOOST_TEST(metrics.output_tokens == 3u);
}

BOOST_AUTO_TEST_CASE(a_one_token_answer_counts_for_ttft_but_has_no_tpot) {
  RequestTimeline timeline = answered(start);
  timeline.content.resize(1);
  timeline.output_tokens = 1;
  const PhaseMetrics metrics = metrics_of(timeline);
  BOOST_TEST((only_value(metrics, Metric::ttft) == 10ms));
  BOOST_TEST((only_value(metrics, Metric::e2e) == 10ms));
  BOOST_TEST(durations(metrics, Metric::tpot).count() == 0u);
  BOOST_TEST(durations(metrics, Metric::icl).count() == 0u);
}

BOOST_AUTO_TEST_CASE(many_tokens_in_one_chunk_have_no_tpot_either) {
  RequestTimeline timeline = answered(start);
  timeline.content.resize(1);
  BOOST_TEST(durations(metrics_of(timeline), Metric::tpot).count() == 0u);
}

BOOST_AUTO_TEST_CASE(a_target_that_does_not_tell_admission_leaves_queue_and_prefill_empty) {
  RequestTimeline timeline = answered(start);
  timeline.admitted = {};
  const PhaseMetrics metrics = metrics_of(timeline);
  BOOST_TEST(durations(metrics, Metric::queue).count() == 0u);
  BOOST_TEST(durations(metrics, Metric::prefill).count() == 0u);
  BOOST_TEST(durations(metrics, Metric::ttft).count() == 1u);
}

BOOST_AUTO_TEST_CASE(an_answer_without_content_is_an_error_and_not_a_latency) {
  RequestTimeline timeline = answered(start);
  timeline.content.clear();
  timeline.output_tokens = 0;
  const PhaseMetrics metrics = metrics_of(timeline);
  BOOST_TEST(metrics.ledger.ok == 0u);
  BOOST_TEST(metrics.ledger.error == 1u);
  BOOST_TEST(metrics.errors.at("no content") == 1u);
  check_no_latency(metrics);
}

BOOST_AUTO_TEST_CASE(
    requests_that_did_not_complete_are_counted_and_leave_only_their_dispatch_delay) {
  MetricsRecorder recorder(start);
  RequestTimeline timeline = answered(start);
  for (const RequestOutcome& outcome :
       {RequestOutcome(Failed{"refused"}), RequestOutcome(Failed{"refused"}),
        RequestOutcome(TimedOut{}), RequestOutcome(Cancelled{}), RequestOutcome(OpenAtEnd{})}) {
    timeline.outcome = outcome;
    run_one(recorder, timeline);
  }
  recorder.on_scheduled(Phase::measure);
  recorder.on_cancelled_before_send(Phase::measure);
  recorder.on_scheduled(Phase::measure);
  recorder.on_dropped_late(Phase::measure);
  const PhaseMetrics metrics = recorder.take_snapshot(start + 1s)[Phase::measure];
  BOOST_TEST((metrics.ledger == Ledger{.scheduled = 7,
                                       .issued = 5,
                                       .dropped_late = 1,
                                       .cancelled_before_send = 1,
                                       .error = 2,
                                       .timeout = 1,
                                       .cancelled = 1,
                                       .open_at_end = 1}));
  BOOST_TEST(imbalances(metrics.ledger).empty());
  BOOST_TEST((metrics.errors == std::map<std::string, std::uint64_t>{{"refused", 2}}));
  check_no_latency(metrics);
  BOOST_TEST(durations(metrics, Metric::dispatch_delay).count() == 5u);
  BOOST_TEST(metrics.output_tokens == 0u);
}

BOOST_AUTO_TEST_CASE(a_request_belongs_to_the_phase_it_names) {
  RequestTimeline timeline = answered(start);
  timeline.phase = Phase::warm_up;
  MetricsRecorder recorder(start);
  run_one(recorder, timeline);
  const MetricsSnapshot snapshot = recorder.take_snapshot(start + 1s);
  BOOST_TEST(snapshot[Phase::warm_up].ledger.ok == 1u);
  BOOST_TEST((snapshot[Phase::measure] == PhaseMetrics{}));
}

BOOST_AUTO_TEST_CASE(snapshots_are_deltas_that_meet_without_gaps) {
  MetricsRecorder recorder(start);
  run_one(recorder, answered(start));
  recorder.on_tokens(3);
  const MetricsSnapshot first = recorder.take_snapshot(start + 1s);
  recorder.on_tokens(2);
  const MetricsSnapshot second = recorder.take_snapshot(start + 1500ms);
  const MetricsSnapshot third = recorder.take_snapshot(start + 1400ms);  // never backwards
  BOOST_TEST((first.from == 0s && first.to == 1s));
  BOOST_TEST((second.from == 1s && second.to == 1500ms));
  BOOST_TEST((third.from == 1500ms && third.to == 1500ms));
  BOOST_TEST(first.tokens_in_interval == 3u);
  BOOST_TEST(first.answers_in_interval == 1u);
  BOOST_TEST(second.tokens_in_interval == 2u);
  BOOST_TEST(second.answers_in_interval == 0u);
  BOOST_TEST((second[Phase::measure] == PhaseMetrics{}));
}

BOOST_AUTO_TEST_CASE(time_in_flight_is_the_integral_over_the_interval) {
  MetricsRecorder recorder(start);
  RequestTimeline timeline = answered(start + 200ms);
  timeline.dispatched = start + 200ms;
  timeline.ended = start + 1300ms;
  recorder.on_issued(Phase::measure, start + 200ms);
  recorder.on_issued(Phase::measure, start + 600ms);
  const MetricsSnapshot first = recorder.take_snapshot(start + 1s);
  BOOST_TEST((first.in_flight_time == 800ms + 400ms));
  BOOST_TEST(first.in_flight == 2u);
  recorder.on_ended(timeline);
  const MetricsSnapshot second = recorder.take_snapshot(start + 2s);
  BOOST_TEST((second.in_flight_time == 300ms + 1s));
  BOOST_TEST(second.in_flight == 1u);
}

BOOST_AUTO_TEST_CASE(events_out_of_order_or_beyond_the_interval_keep_the_integral_exact) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed);
    struct Event {
      Instant heard;
      bool issued = false;
      RequestTimeline timeline;
    };
    std::vector<Event> events;
    nanoseconds residence{0};
    for (int i = 0; i < 300; ++i) {
      RequestTimeline timeline = answered(start + nanoseconds(random.next() % 10'000'000'000));
      timeline.ended = timeline.dispatched + nanoseconds(random.next() % 3'000'000'000);
      residence += timeline.ended - timeline.dispatched;
      const auto delay = [&] { return nanoseconds(random.next() % 50'000'000) - 10ms; };
      const Instant issue = timeline.dispatched + delay();
      const Instant end = std::max(issue + 1ns, timeline.ended + delay());
      events.push_back({issue, true, timeline});
      events.push_back({end, false, timeline});
    }
    std::sort(events.begin(), events.end(),
              [](const Event& a, const Event& b) { return a.heard < b.heard; });
    MetricsRecorder recorder(start);
    nanoseconds integral{0};
    Instant next = start + 100ms;
    for (const Event& event : events) {
      for (; next < event.heard; next += 100ms) {
        const auto snapshot = recorder.take_snapshot(next);
        BOOST_REQUIRE((snapshot.in_flight_time >= 0ns));
        integral += snapshot.in_flight_time;
      }
      if (event.issued)
        recorder.on_issued(event.timeline.phase, event.timeline.dispatched);
      else
        recorder.on_ended(event.timeline);
    }
    // A correction that exceeds its interval waits for the next one that has the time.
    RequestTimeline last = answered(start + 20s);
    last.ended = last.dispatched + 1s;
    run_one(recorder, last);
    integral += recorder.take_snapshot(start + 30s).in_flight_time;
    BOOST_TEST((integral == residence + 1s));
  }
}

BOOST_AUTO_TEST_CASE(the_merge_of_all_snapshots_is_the_whole_run) {
  const auto play = [](nanoseconds interval) {
    Random random(42);
    MetricsRecorder recorder(start);
    PhaseMetrics total;
    for (int i = 1; i <= 500; ++i) {
      RequestTimeline timeline = answered(start + i * 10ms);
      for (auto& stamp : timeline.content) stamp += nanoseconds(random.next() % 3'000'000);
      std::sort(timeline.content.begin(), timeline.content.end());
      if (i % 17 == 0) timeline.outcome = Failed{i % 2 == 0 ? "refused" : "reset"};
      run_one(recorder, timeline);
      if (interval > 0ns && i * 10ms % interval == 0ns)
        total.merge(recorder.take_snapshot(start + i * 10ms)[Phase::measure]);
    }
    total.merge(recorder.take_snapshot(start + 10s)[Phase::measure]);
    return total;
  };
  const PhaseMetrics whole = play(0ns);
  BOOST_TEST(whole.ledger.ok + whole.ledger.error == 500u);
  BOOST_TEST((play(1s) == whole));
  BOOST_TEST((play(70ms) == whole));
}

BOOST_AUTO_TEST_CASE(classes_of_errors_are_bounded_in_number_and_length) {
  MetricsRecorder recorder(start);
  RequestTimeline timeline = answered(start);
  for (int i = 0; i < 1000; ++i) {
    timeline.outcome = Failed{std::to_string(i) + std::string(5000, 'x')};
    run_one(recorder, timeline);
  }
  const PhaseMetrics metrics = recorder.take_snapshot(start + 1s)[Phase::measure];
  BOOST_TEST(metrics.ledger.error == 1000u);
  BOOST_TEST(metrics.errors.size() == 65u);
  BOOST_TEST(metrics.errors.at("other errors") == 1000u - 64u);
  std::uint64_t sum = 0;
  for (const auto& [reason, count] : metrics.errors) {
    BOOST_TEST(reason.size() <= 200u);
    sum += count;
  }
  BOOST_TEST(sum == 1000u);
}

BOOST_AUTO_TEST_CASE(time_per_token_and_the_longest_gap_are_as_defined) {
  const PhaseMetrics metrics = metrics_of(answered(start));
  BOOST_TEST((only_value(metrics, Metric::ntpot) == (20ms - 400ns) / 3));
  BOOST_TEST((only_value(metrics, Metric::stall) == 7ms));
  RequestTimeline one_chunk = answered(start);
  one_chunk.content.resize(1);
  BOOST_TEST(durations(metrics_of(one_chunk), Metric::stall).count() == 0u);
  BOOST_TEST((only_value(metrics_of(one_chunk), Metric::ntpot) == (10ms - 400ns) / 3));
}

BOOST_AUTO_TEST_CASE(an_answer_from_memory_is_ok_and_only_in_its_own_series) {
  RequestTimeline timeline = answered(start);
  timeline.from_cache = true;
  MetricsRecorder recorder(start, 2);
  run_one(recorder, timeline);
  const MetricsSnapshot snapshot = recorder.take_snapshot(start + 1s);
  const PhaseMetrics& metrics = snapshot[Phase::measure];
  BOOST_TEST(metrics.ledger.ok == 1u);
  BOOST_TEST(metrics.cached == 1u);
  BOOST_TEST((only_value(metrics, Metric::cache_hit) == 20ms));
  for (std::size_t i = 0; i < metrics.durations.size(); ++i)
    if (static_cast<Metric>(i) != Metric::dispatch_delay &&
        static_cast<Metric>(i) != Metric::cache_hit)
      BOOST_TEST(metrics.durations[i].count() == 0u);
  BOOST_TEST(metrics.output_tokens == 0u);
  BOOST_TEST(metrics.prompt_tokens == 0u);
  BOOST_TEST(snapshot.answers_in_interval == 0u);
  BOOST_TEST(metrics.categories.at(0).ok == 1u);
  BOOST_TEST(metrics.categories.at(0).ttft.count() == 0u);
}

BOOST_AUTO_TEST_CASE(our_stamps_are_compared_with_the_servers_where_it_tells_them) {
  RequestTimeline timeline = answered(start);
  for (const Instant stamp : timeline.content) timeline.server_content.push_back(stamp - 30us);
  const PhaseMetrics metrics = metrics_of(timeline);
  BOOST_TEST(durations(metrics, Metric::stamp_delay).count() == 3u);
  BOOST_TEST((durations(metrics, Metric::stamp_delay).maximum() == 30us));
  BOOST_TEST((only_value(metrics, Metric::ttft_error) == 30us));
  BOOST_TEST(durations(metrics, Metric::gap_error).count() == 2u);
  BOOST_TEST((durations(metrics, Metric::gap_error).maximum() == 0us));
  timeline.server_content[1] -= 20us;  // told 50 us late, between two of 30 us
  BOOST_TEST((durations(metrics_of(timeline), Metric::gap_error).minimum() == 20us));
  timeline.server_content.pop_back();  // which stamp belongs to which token is not known
  BOOST_TEST(durations(metrics_of(timeline), Metric::stamp_delay).count() == 0u);
}

BOOST_AUTO_TEST_CASE(late_dispatches_attempts_and_disputed_counts_are_counted) {
  MetricsRecorder recorder(start);
  RequestTimeline timeline = answered(start);
  timeline.dispatched = start + late_limit;
  run_one(recorder, timeline);
  timeline.dispatched = start + late_limit + 1ns;
  timeline.attempts = 3;
  timeline.tokens_disputed = true;
  run_one(recorder, timeline);
  timeline.outcome = Failed{"refused"};
  run_one(recorder, timeline);
  const PhaseMetrics metrics = recorder.take_snapshot(start + 1s)[Phase::measure];
  BOOST_TEST(metrics.late == 2u);
  BOOST_TEST(metrics.attempts == 7u);
  BOOST_TEST(metrics.retried == 2u);
  BOOST_TEST(metrics.tokens_disputed == 1u);
}

BOOST_AUTO_TEST_CASE(a_request_that_was_never_dispatched_has_its_end_in_that_place) {
  RequestTimeline timeline = answered(start);
  timeline.outcome = Failed{"circuit breaker open"};
  timeline.content.clear();
  MetricsRecorder recorder(start);
  recorder.on_scheduled(timeline.phase);
  recorder.on_issued(timeline.phase, timeline.scheduled);
  timeline.dispatched = {};
  timeline.ended = start + 1ms;
  recorder.on_ended(timeline);
  const PhaseMetrics metrics = recorder.take_snapshot(start + 1s)[Phase::measure];
  BOOST_TEST((only_value(metrics, Metric::dispatch_delay) == 1ms));
}

BOOST_AUTO_TEST_CASE(categories_add_up_to_the_ledger_where_there_are_several) {
  MetricsRecorder recorder(start, 3);
  RequestTimeline timeline = answered(start);
  for (std::uint32_t i = 0; i < 30; ++i) {
    timeline.category = i % 4 == 0 ? 2 : 0;
    timeline.outcome = Completed{};
    if (i % 5 == 0) timeline.outcome = Failed{"reset"};
    if (i % 7 == 0) timeline.outcome = TimedOut{};
    if (i % 11 == 0) timeline.outcome = Cancelled{};
    run_one(recorder, timeline);
  }
  const PhaseMetrics metrics = recorder.take_snapshot(start + 1s)[Phase::measure];
  BOOST_REQUIRE(metrics.categories.size() == 3u);
  std::uint64_t ok = 0, failed = 0;
  for (const CategoryMetrics& category : metrics.categories) {
    ok += category.ok;
    failed += category.failed;
    BOOST_TEST(category.ttft.count() == category.ok);
    BOOST_TEST(category.output_tokens == 3 * category.ok);
  }
  BOOST_TEST(ok == metrics.ledger.ok);
  BOOST_TEST(failed == metrics.ledger.error + metrics.ledger.timeout);
  BOOST_TEST(metrics.categories[1].ok == 0u);
  BOOST_TEST(metrics.categories[2].ok > 0u);
  BOOST_TEST(metrics_of(answered(start)).categories.empty());
}

BOOST_AUTO_TEST_CASE(answers_asked_again_count_for_the_measured_phase) {
  MetricsRecorder recorder(start);
  recorder.on_accuracy(true);
  recorder.on_accuracy(false);
  recorder.on_accuracy(true);
  const MetricsSnapshot snapshot = recorder.take_snapshot(start + 1s);
  BOOST_TEST(snapshot[Phase::measure].accuracy_asked == 3u);
  BOOST_TEST(snapshot[Phase::measure].accuracy_agreed == 2u);
  BOOST_TEST(snapshot[Phase::warm_up].accuracy_asked == 0u);
}

BOOST_AUTO_TEST_CASE(events_are_bounded_in_each_interval_and_the_last_says_how_many_are_missing) {
  MetricsRecorder recorder(start);
  recorder.on_event(start - 1s, "before the start");
  for (int i = 1; i < 100; ++i) recorder.on_event(start + i * 1ms, std::string(5000, 'x'));
  const MetricsSnapshot full = recorder.take_snapshot(start + 1s);
  BOOST_REQUIRE(full.events.size() == MetricsSnapshot::events_kept);
  BOOST_TEST((full.events[0] == RunEvent{0ns, "before the start"}));
  BOOST_TEST((full.events[1].at == 1ms));
  BOOST_TEST(full.events[1].what.size() == MetricsRecorder::event_length);
  BOOST_TEST(full.events.back().what == "37 further events left out");
  recorder.on_event(start + 1100ms, "circuit breaker closed");
  const MetricsSnapshot next = recorder.take_snapshot(start + 2s);
  BOOST_REQUIRE(next.events.size() == 1u);
  BOOST_TEST(next.events[0].what == "circuit breaker closed");
}

namespace {

/// How many of one request keep these levels.
std::uint64_t good_of(const RequestTimeline& timeline, const std::vector<const char*>& levels) {
  std::vector<squall::scenarios::Threshold> parsed;
  for (const char* text : levels) parsed.push_back(squall::scenarios::parse_service_level(text));
  MetricsRecorder recorder(start, 1, parsed);
  run_one(recorder, timeline);
  return recorder.take_snapshot(start + 1s)[timeline.phase].good;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_request_is_good_when_it_keeps_every_service_level) {
  // ttft 10 ms, e2e 20 ms, tpot 5 ms, longest gap 7 ms.
  const RequestTimeline timeline = answered(start);
  BOOST_TEST(good_of(timeline, {}) == 0u);
  BOOST_TEST(good_of(timeline, {"ttft <= 10ms", "e2e < 21ms", "tpot <= 5ms", "stall < 8ms"}) == 1u);
  BOOST_TEST(good_of(timeline, {"ttft < 10ms", "e2e < 21ms"}) == 0u);
  BOOST_TEST(good_of(timeline, {"ttft < 11ms", "e2e < 20ms"}) == 0u);
  BOOST_TEST(good_of(timeline, {"tpot < 5ms"}) == 0u);
  BOOST_TEST(good_of(timeline, {"stall < 7ms"}) == 0u);
  RequestTimeline failed = timeline;
  failed.outcome = Failed{"overloaded"};
  BOOST_TEST(good_of(failed, {"ttft < 1s"}) == 0u);
  RequestTimeline short_answer = timeline;
  short_answer.content.resize(1);
  short_answer.output_tokens = 1;
  BOOST_TEST(good_of(short_answer, {"tpot < 1us", "ttft <= 10ms"}) == 1u);
}
