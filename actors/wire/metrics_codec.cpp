#include "actors/wire/metrics_codec.hpp"

#include <algorithm>
#include <array>
#include <google/protobuf/arena.h>
#include <initializer_list>
#include <utility>

#include "actors/wire/limits.hpp"
#include "actors/wire/machine_codec.hpp"
#include "actors/wire/message_codec.hpp"
#include "actors/wire/request_codec.hpp"
#include "messages.pb.h"

namespace squall::actors {

static_assert(MetricsSnapshot::events_kept <= event_limit);
static_assert(MetricsSnapshot::samples_kept <= sample_limit);

namespace {

void write(const Ledger& ledger, proto::Ledger& out) {
  out.set_scheduled(ledger.scheduled);
  out.set_issued(ledger.issued);
  out.set_dropped_late(ledger.dropped_late);
  out.set_cancelled_before_send(ledger.cancelled_before_send);
  out.set_ok(ledger.ok);
  out.set_error(ledger.error);
  out.set_timeout(ledger.timeout);
  out.set_cancelled(ledger.cancelled);
  out.set_open_at_end(ledger.open_at_end);
}

bool are_counts(std::initializer_list<std::uint64_t> counts) {
  for (const std::uint64_t count : counts)
    if (!is_count(count)) return false;
  return true;
}

bool are_durations(std::initializer_list<std::int64_t> durations) {
  for (const std::int64_t duration : durations)
    if (!is_duration(duration)) return false;
  return true;
}

std::optional<Ledger> read(const proto::Ledger& in) {
  if (!are_counts({in.scheduled(), in.issued(), in.dropped_late(), in.cancelled_before_send(),
                   in.ok(), in.error(), in.timeout(), in.cancelled(), in.open_at_end()}))
    return std::nullopt;
  return Ledger{.scheduled = in.scheduled(),
                .issued = in.issued(),
                .dropped_late = in.dropped_late(),
                .cancelled_before_send = in.cancelled_before_send(),
                .ok = in.ok(),
                .error = in.error(),
                .timeout = in.timeout(),
                .cancelled = in.cancelled(),
                .open_at_end = in.open_at_end()};
}

void write(const Histogram& histogram, proto::Histogram& out) {
  const Histogram::Parts parts = histogram.parts();
  std::uint32_t before = 0;
  for (const auto& [index, count] : parts.counts) {
    out.add_steps(index - before);
    out.add_counts(count);
    before = index;
  }
  out.set_underflow(parts.underflow);
  out.set_overflow(parts.overflow);
  out.set_sum(parts.sum.count());
  out.set_minimum(parts.minimum.count());
  out.set_maximum(parts.maximum.count());
}

std::optional<Histogram> read(const proto::Histogram& in) {
  const int size = in.steps_size();
  if (size != in.counts_size() || size > static_cast<int>(Histogram::bucket_limit))
    return std::nullopt;
  Histogram::Parts parts;
  parts.counts.reserve(static_cast<std::size_t>(size));
  std::uint32_t index = 0;
  for (int i = 0; i < size; ++i) {
    if (in.steps(i) >= Histogram::bucket_limit) return std::nullopt;  // so that no sum wraps around
    index += in.steps(i);
    parts.counts.emplace_back(index, in.counts(i));
  }
  parts.underflow = in.underflow();
  parts.overflow = in.overflow();
  parts.sum = nanoseconds(in.sum());
  parts.minimum = nanoseconds(in.minimum());
  parts.maximum = nanoseconds(in.maximum());
  return Histogram::from_parts(std::move(parts));
}

void write(const CategoryMetrics& category, proto::CategoryMetrics& out) {
  out.set_ok(category.ok);
  out.set_failed(category.failed);
  out.set_output_tokens(category.output_tokens);
  write(category.ttft, *out.mutable_ttft());
  write(category.e2e, *out.mutable_e2e());
}

std::optional<CategoryMetrics> read(const proto::CategoryMetrics& in) {
  if (!are_counts({in.ok(), in.failed(), in.output_tokens()})) return std::nullopt;
  auto ttft = read(in.ttft());
  auto e2e = read(in.e2e());
  if (!ttft || !e2e) return std::nullopt;
  return CategoryMetrics{in.ok(), in.failed(), in.output_tokens(), std::move(*ttft),
                         std::move(*e2e)};
}

void write(const PhaseMetrics& metrics, proto::PhaseMetrics& out) {
  write(metrics.ledger, *out.mutable_ledger());
  for (const auto& histogram : metrics.durations) write(histogram, *out.add_durations());
  for (const auto& [reason, count] : metrics.errors) {
    auto* error = out.add_errors();
    error->set_reason(reason.substr(0, text_limit));
    error->set_count(count);
  }
  out.set_prompt_tokens(metrics.prompt_tokens);
  out.set_output_tokens(metrics.output_tokens);
  out.set_late(metrics.late);
  out.set_attempts(metrics.attempts);
  out.set_retried(metrics.retried);
  out.set_cached(metrics.cached);
  out.set_tokens_disputed(metrics.tokens_disputed);
  out.set_accuracy_asked(metrics.accuracy_asked);
  out.set_accuracy_agreed(metrics.accuracy_agreed);
  out.set_good(metrics.good);
  for (const CategoryMetrics& category : metrics.categories) write(category, *out.add_categories());
}

/// What is counted beside the ledger; false when it cannot be.
bool read_counts(const proto::PhaseMetrics& in, PhaseMetrics& metrics) {
  if (!are_counts({in.prompt_tokens(), in.output_tokens(), in.late(), in.attempts(), in.retried(),
                   in.cached(), in.tokens_disputed(), in.accuracy_asked(), in.accuracy_agreed(),
                   in.good()}))
    return false;
  // More answers that agreed than were asked, or more from memory or good ones than there are, are
  // no counts.
  if (in.accuracy_agreed() > in.accuracy_asked() || in.cached() > in.ledger().ok() ||
      in.good() > in.ledger().ok())
    return false;
  metrics.prompt_tokens = in.prompt_tokens();
  metrics.output_tokens = in.output_tokens();
  metrics.late = in.late();
  metrics.attempts = in.attempts();
  metrics.retried = in.retried();
  metrics.cached = in.cached();
  metrics.tokens_disputed = in.tokens_disputed();
  metrics.accuracy_asked = in.accuracy_asked();
  metrics.accuracy_agreed = in.accuracy_agreed();
  metrics.good = in.good();
  return true;
}

bool read(const proto::PhaseMetrics& in, PhaseMetrics& metrics) {
  if (static_cast<std::size_t>(in.durations_size()) != metrics.durations.size()) return false;
  if (static_cast<std::size_t>(in.errors_size()) > error_class_limit) return false;
  if (static_cast<std::size_t>(in.categories_size()) > category_limit) return false;
  if (!read_counts(in, metrics)) return false;
  const auto ledger = read(in.ledger());
  if (!ledger) return false;
  metrics.ledger = *ledger;
  for (int i = 0; i < in.durations_size(); ++i) {
    auto histogram = read(in.durations(i));
    if (!histogram) return false;
    metrics.durations[static_cast<std::size_t>(i)] = std::move(*histogram);
  }
  for (const auto& error : in.errors()) {
    if (error.reason().size() > text_limit || !is_count(error.count())) return false;
    metrics.errors[error.reason()] += error.count();
  }
  for (const auto& each : in.categories()) {
    auto category = read(each);
    if (!category) return false;
    metrics.categories.push_back(std::move(*category));
  }
  return true;
}

bool read_events(const proto::MetricsBatch& in, std::vector<RunEvent>& events) {
  if (static_cast<std::size_t>(in.events_size()) > event_limit) return false;
  for (const auto& event : in.events()) {
    if (!is_duration(event.at()) || event.what().size() > event_text_limit) return false;
    events.push_back({nanoseconds(event.at()), event.what()});
  }
  return true;
}

bool read_resources(const proto::MetricsBatch& in, std::vector<ResourceSample>& resources) {
  if (static_cast<std::size_t>(in.resources_size()) > sample_limit) return false;
  for (const auto& each : in.resources()) {
    auto sample = actors::read(each);
    if (!sample) return false;
    resources.push_back(std::move(*sample));
  }
  return true;
}

void write(const MetricsBatch& batch, proto::MetricsBatch& out) {
  const MetricsSnapshot& snapshot = batch.snapshot;
  out.set_sequence(batch.sequence);
  out.set_from(snapshot.from.count());
  out.set_to(snapshot.to.count());
  for (const auto& phase : snapshot.phases) write(phase, *out.add_phases());
  out.set_tokens_in_interval(snapshot.tokens_in_interval);
  out.set_answers_in_interval(snapshot.answers_in_interval);
  out.set_in_flight_time(snapshot.in_flight_time.count());
  out.set_in_flight(snapshot.in_flight);
  out.set_active_users(snapshot.active_users);
  out.set_loop_lag(snapshot.loop_lag.count());
  out.set_process_cpu(snapshot.process_cpu.count());
  out.set_engine_cpu(snapshot.engine_cpu.count());
  out.set_resident_bytes(snapshot.resident_bytes);
  out.set_paused(snapshot.paused.count());
  for (std::size_t i = 0; i < std::min(snapshot.events.size(), event_limit); ++i) {
    auto* event = out.add_events();
    event->set_at(snapshot.events[i].at.count());
    event->set_what(snapshot.events[i].what.substr(0, event_text_limit));
  }
  for (std::size_t i = 0; i < std::min(snapshot.resources.size(), sample_limit); ++i)
    actors::write(snapshot.resources[i], *out.add_resources());
  if (!snapshot.requests.empty()) out.set_requests(bytes_of(snapshot.requests));
}

bool read(const proto::MetricsBatch& in, MetricsBatch& batch) {
  if (in.phases_size() != static_cast<int>(phase_count) || in.sequence() == 0 ||
      in.to() < in.from() ||
      !are_durations({in.from(), in.to(), in.in_flight_time(), in.loop_lag(), in.process_cpu(),
                      in.engine_cpu(), in.paused()}) ||
      !are_counts({in.tokens_in_interval(), in.answers_in_interval(), in.resident_bytes()}))
    return false;
  MetricsSnapshot& snapshot = batch.snapshot;
  batch.sequence = in.sequence();
  snapshot.from = nanoseconds(in.from());
  snapshot.to = nanoseconds(in.to());
  for (int i = 0; i < in.phases_size(); ++i)
    if (!read(in.phases(i), snapshot.phases[static_cast<std::size_t>(i)])) return false;
  snapshot.tokens_in_interval = in.tokens_in_interval();
  snapshot.answers_in_interval = in.answers_in_interval();
  snapshot.in_flight_time = nanoseconds(in.in_flight_time());
  snapshot.in_flight = in.in_flight();
  snapshot.active_users = in.active_users();
  snapshot.loop_lag = nanoseconds(in.loop_lag());
  snapshot.process_cpu = nanoseconds(in.process_cpu());
  snapshot.engine_cpu = nanoseconds(in.engine_cpu());
  snapshot.resident_bytes = in.resident_bytes();
  snapshot.paused = nanoseconds(in.paused());
  return read_events(in, snapshot.events) && read_resources(in, snapshot.resources);
}

/// The many small parts of a batch, in one piece of memory: most batches fit the first block.
class Parts {
 public:
  Parts() : arena_(first_.data(), first_.size()) {}
  proto::MetricsBatch& batch() { return *batch_; }

 private:
  alignas(8) std::array<char, 16 * 1024> first_;  // not zeroed
  google::protobuf::Arena arena_;
  proto::MetricsBatch* batch_ =
      google::protobuf::Arena::CreateMessage<proto::MetricsBatch>(&arena_);
};

}  // namespace

Bytes encode_alone(const MetricsBatch& batch) {
  Parts parts;
  write(batch, parts.batch());
  Bytes bytes(parts.batch().ByteSizeLong());
  parts.batch().SerializeToArray(bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

std::string bytes_of(const MetricsBatch& batch) {
  const auto text = [](const Bytes& bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  return text(batch.encoded.empty() ? encode_alone(batch) : batch.encoded);
}

bool read_batch(const std::string& bytes, MetricsBatch& batch) {
  Parts parts;
  if (!parts.batch().ParseFromString(bytes) || !read(parts.batch(), batch)) return false;
  const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
  batch.encoded.assign(first, first + bytes.size());
  return true;
}

void write(const Sealed& sealed, proto::Sealed& out) {
  out.set_batches(sealed.batches);
  for (const auto& total : sealed.totals) write(total, *out.add_totals());
  out.set_hash(sealed.hash);
  out.set_stopped_because(sealed.stopped_because.substr(0, text_limit));
}

std::optional<Sealed> read(const proto::Sealed& in) {
  if (in.totals_size() != static_cast<int>(phase_count) || in.stopped_because().size() > text_limit)
    return std::nullopt;
  Sealed sealed;
  sealed.batches = in.batches();
  sealed.hash = in.hash();
  sealed.stopped_because = in.stopped_because();
  for (int i = 0; i < in.totals_size(); ++i) {
    const auto total = read(in.totals(i));
    if (!total) return std::nullopt;
    sealed.totals[static_cast<std::size_t>(i)] = *total;
  }
  return sealed;
}

}  // namespace squall::actors
