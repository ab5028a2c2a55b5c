#include "actors/metrics/metrics_recorder.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace squall::actors {

using scenarios::Metric;

namespace {

constexpr std::size_t error_classes_kept = 64;   // further ones are counted together
constexpr std::size_t error_class_length = 200;  // bytes; classes are to be short
constexpr const char* other_errors = "other errors";

Histogram& histogram(PhaseMetrics& metrics, Metric metric) {
  return metrics.durations[static_cast<std::size_t>(metric)];
}

void record_completed(const RequestTimeline& timeline, PhaseMetrics& metrics) {
  const Instant first = timeline.content.front();
  const Instant last = timeline.content.back();
  histogram(metrics, Metric::ttft).record(first - timeline.scheduled);
  histogram(metrics, Metric::ttft_service).record(first - timeline.dispatched);
  histogram(metrics, Metric::e2e).record(last - timeline.scheduled);
  histogram(metrics, Metric::e2e_service).record(last - timeline.dispatched);
  // All tokens in one chunk leave no time between them to measure; that is not zero.
  if (timeline.output_tokens >= 2 && timeline.content.size() >= 2)
    histogram(metrics, Metric::tpot)
        .record((last - first) / static_cast<std::int64_t>(timeline.output_tokens - 1));
  for (std::size_t i = 1; i < timeline.content.size(); ++i)
    histogram(metrics, Metric::icl).record(timeline.content[i] - timeline.content[i - 1]);
  if (timeline.admitted != Instant{}) {
    histogram(metrics, Metric::queue).record(timeline.admitted - timeline.dispatched);
    histogram(metrics, Metric::prefill).record(first - timeline.admitted);
  }
  metrics.prompt_tokens += timeline.prompt_tokens;
  metrics.output_tokens += timeline.output_tokens;
}

void count_error(PhaseMetrics& metrics, const std::string& full_reason) {
  const std::string reason = full_reason.substr(0, error_class_length);
  const bool room = metrics.errors.size() < error_classes_kept || metrics.errors.contains(reason);
  ++metrics.errors[room ? reason : other_errors];
}

}  // namespace

// The integral of requests in flight over an interval [a, b] is the sum of (b - start) of those
// that were issued, less the sum of (b - end) of those that ended, more (b - a) for each of the
// earlier ones. With times counted from a, `in_flight_time_` gathers what does not depend on b:
// this needs no order, and a stamp before a or after b makes good in its neighbour what is missing
// there.

MetricsRecorder::MetricsRecorder(Instant start) : start_(start), interval_start_(start) {}

void MetricsRecorder::on_scheduled(Phase phase) { ++current_[phase].ledger.scheduled; }

void MetricsRecorder::on_issued(Phase phase, Instant at) {
  in_flight_time_ -= at - interval_start_;
  ++in_flight_;
  ++current_[phase].ledger.issued;
}

void MetricsRecorder::on_cancelled_before_send(Phase phase) {
  ++current_[phase].ledger.cancelled_before_send;
}

void MetricsRecorder::on_dropped_late(Phase phase) { ++current_[phase].ledger.dropped_late; }

void MetricsRecorder::on_tokens(std::uint64_t count) { current_.tokens_in_interval += count; }

void MetricsRecorder::on_ended(const RequestTimeline& timeline) {
  assert(in_flight_ > 0 && "a request ends once, after it was issued");
  in_flight_time_ += timeline.ended - interval_start_;
  --in_flight_;
  PhaseMetrics& metrics = current_[timeline.phase];
  // Of every request, also where the target fails: it tells of the load generator.
  histogram(metrics, Metric::dispatch_delay).record(timeline.dispatched - timeline.scheduled);
  if (std::holds_alternative<Completed>(timeline.outcome)) {
    if (timeline.content.empty()) {
      ++metrics.ledger.error;
      count_error(metrics, "no content");
      return;
    }
    ++metrics.ledger.ok;
    ++current_.answers_in_interval;
    record_completed(timeline, metrics);
  } else if (const auto* failed = std::get_if<Failed>(&timeline.outcome)) {
    ++metrics.ledger.error;
    count_error(metrics, failed->reason);
  } else if (std::holds_alternative<TimedOut>(timeline.outcome)) {
    ++metrics.ledger.timeout;
  } else if (std::holds_alternative<Cancelled>(timeline.outcome)) {
    ++metrics.ledger.cancelled;
  } else {
    ++metrics.ledger.open_at_end;
  }
}

MetricsSnapshot MetricsRecorder::take_snapshot(Instant until) {
  const Instant end = std::max(until, interval_start_);
  in_flight_time_ += (end - interval_start_) * static_cast<std::int64_t>(in_flight_);
  // Below zero only when a correction exceeds the interval: the next one takes what is left of it.
  current_.in_flight_time = std::max(in_flight_time_, nanoseconds{0});
  in_flight_time_ -= current_.in_flight_time;
  current_.from = interval_start_ - start_;
  current_.to = end - start_;
  current_.in_flight = in_flight_;
  interval_start_ = end;
  return std::exchange(current_, MetricsSnapshot{});
}

}  // namespace squall::actors
