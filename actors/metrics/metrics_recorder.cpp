#include "actors/metrics/metrics_recorder.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>
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

/// Each duration that a request has once; those of chunks and tokens are recorded apart.
constexpr std::array of_requests{
    Metric::ttft, Metric::ttft_service, Metric::e2e,   Metric::e2e_service, Metric::ntpot,
    Metric::tpot, Metric::stall,        Metric::queue, Metric::prefill,     Metric::cache_hit};

void record_durations(const RequestRecord& request, PhaseMetrics& metrics) {
  for (const Metric metric : of_requests)
    if (const auto duration = duration_of(request, metric))
      histogram(metrics, metric).record(*duration);
}

void record_gaps(const RequestTimeline& timeline, PhaseMetrics& metrics) {
  const auto& content = timeline.content;
  for (std::size_t i = 1; i < content.size(); ++i)
    histogram(metrics, Metric::icl).record(content[i] - content[i - 1]);
}

/// What is not defined for a request breaks no level.
bool keeps(const RequestRecord& request, const std::vector<scenarios::Threshold>& levels) {
  return std::ranges::all_of(levels, [&](const scenarios::Threshold& level) {
    const auto duration = duration_of(request, level.metric);
    return !duration || level.holds(std::chrono::duration<double>(*duration).count());
  });
}

/// What some targets tell beside the content.
void record_server_stamps(const RequestTimeline& timeline, PhaseMetrics& metrics) {
  if (timeline.server_content.size() != timeline.content.size()) return;
  nanoseconds before{0};
  for (std::size_t i = 0; i < timeline.content.size(); ++i) {
    const nanoseconds delay = timeline.content[i] - timeline.server_content[i];
    histogram(metrics, Metric::stamp_delay).record(delay);
    if (i == 0)
      histogram(metrics, Metric::ttft_error).record(delay);
    else
      histogram(metrics, Metric::gap_error).record(std::chrono::abs(delay - before));
    before = delay;
  }
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

MetricsRecorder::MetricsRecorder(Instant start, std::size_t categories,
                                 std::vector<scenarios::Threshold> levels)
    : start_(start),
      interval_start_(start),
      categories_(categories > 1 ? categories : 0),
      levels_(std::move(levels)) {
  current_ = empty_snapshot();
}

MetricsSnapshot MetricsRecorder::empty_snapshot() const {
  MetricsSnapshot snapshot;
  for (PhaseMetrics& phase : snapshot.phases) phase.categories.resize(categories_);
  return snapshot;
}

void MetricsRecorder::on_counted(const CountedStart& start) {
  using Fate = CountedStart::Fate;
  on_scheduled(start.phase);
  switch (start.fate) {
    case Fate::issued:
      return on_issued(start.phase, start.at);
    case Fate::dropped_late:
      return on_dropped_late(start.phase);
    case Fate::cancelled_before_send:
      return on_cancelled_before_send(start.phase);
  }
}

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
  assert(categories_ == 0 || timeline.category < categories_);
  in_flight_time_ += timeline.ended - interval_start_;
  --in_flight_;
  PhaseMetrics& metrics = current_[timeline.phase];
  const RequestRecord request = record_of(timeline, start_);
  // Of every request, also where the target fails: it tells of the load generator.
  histogram(metrics, Metric::dispatch_delay).record(request.dispatch_delay);
  if (request.dispatch_delay > late_limit) ++metrics.late;
  metrics.attempts += std::max(timeline.attempts, 1U);
  if (timeline.attempts > 1) ++metrics.retried;
  count_outcome(timeline, request, metrics);
  if (current_.requests.size() < MetricsSnapshot::requests_kept)
    current_.requests.push_back(request);
}

void MetricsRecorder::count_outcome(const RequestTimeline& timeline, const RequestRecord& request,
                                    PhaseMetrics& metrics) {
  switch (request.ending) {
    case RequestEnding::ok:
      ++metrics.ledger.ok;
      if (!levels_.empty() && keeps(request, levels_)) ++metrics.good;
      return add_completed(timeline, request, metrics);
    case RequestEnding::error: {
      const auto* failed = std::get_if<Failed>(&timeline.outcome);
      ++metrics.ledger.error;
      count_error(metrics, failed == nullptr ? "no content" : failed->reason);
      break;
    }
    case RequestEnding::timeout:
      ++metrics.ledger.timeout;
      break;
    case RequestEnding::cancelled:
      ++metrics.ledger.cancelled;
      return;
    case RequestEnding::open_at_end:
      ++metrics.ledger.open_at_end;
      return;
  }
  if (categories_ > 0) ++metrics.categories[timeline.category].failed;
}

void MetricsRecorder::add_completed(const RequestTimeline& timeline, const RequestRecord& request,
                                    PhaseMetrics& metrics) {
  CategoryMetrics* category = categories_ > 0 ? &metrics.categories[timeline.category] : nullptr;
  if (category != nullptr) ++category->ok;
  record_durations(request, metrics);
  if (timeline.from_cache) {
    ++metrics.cached;
    return;
  }
  ++current_.answers_in_interval;
  record_gaps(timeline, metrics);
  record_server_stamps(timeline, metrics);
  metrics.prompt_tokens += timeline.prompt_tokens;
  metrics.output_tokens += timeline.output_tokens;
  if (timeline.tokens_disputed) ++metrics.tokens_disputed;
  if (category == nullptr) return;
  category->output_tokens += timeline.output_tokens;
  category->ttft.record(*duration_of(request, Metric::ttft));
  category->e2e.record(*duration_of(request, Metric::e2e));
}

void MetricsRecorder::on_accuracy(bool agreed) {
  PhaseMetrics& metrics = current_[Phase::measure];
  ++metrics.accuracy_asked;
  if (agreed) ++metrics.accuracy_agreed;
}

void MetricsRecorder::on_event(Instant at, const std::string& what) {
  const nanoseconds since_start = std::max(at - start_, nanoseconds{0});
  std::vector<RunEvent>& events = current_.events;
  if (events.size() < MetricsSnapshot::events_kept) {
    events.push_back({since_start, what.substr(0, event_length)});
    return;
  }
  // The last place tells how many more there were, the one that it held included.
  events_left_out_ += events_left_out_ == 0 ? 2 : 1;
  events.back() = {since_start, std::to_string(events_left_out_) + " further events left out"};
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
  events_left_out_ = 0;
  return std::exchange(current_, empty_snapshot());
}

}  // namespace squall::actors
