#include "agents/run/batch_outbox.hpp"

#include <algorithm>
#include <utility>

namespace squall::agents {

using namespace actors;

namespace {

constexpr std::size_t fixed_size = 512;     // of a batch with nothing in it
constexpr std::size_t histogram_size = 48;  // without its buckets
constexpr std::size_t bucket_size = 8;      // index step and count, as variable-length numbers
constexpr std::size_t text_size = 16;       // beside its letters

std::size_t size_of(const Histogram& histogram) {
  return histogram_size + bucket_size * histogram.parts().counts.size();
}

}  // namespace

std::size_t estimated_size(const MetricsSnapshot& snapshot) {
  std::size_t size = fixed_size;
  for (const PhaseMetrics& phase : snapshot.phases) {
    for (const Histogram& each : phase.durations) size += size_of(each);
    for (const auto& [what, count] : phase.errors) size += text_size + what.size();
    for (const CategoryMetrics& each : phase.categories)
      size += size_of(each.ttft) + size_of(each.e2e);
  }
  for (const RunEvent& event : snapshot.events) size += text_size + event.what.size();
  return size;
}

const MetricsBatch& BatchOutbox::add(MetricsSnapshot snapshot) {
  for (std::size_t phase = 0; phase < phase_count; ++phase)
    totals_[phase] += snapshot.phases[phase].ledger;
  const std::size_t size = estimated_size(snapshot);
  waiting_.push_back({{++taken_, std::move(snapshot)}, size, false, {}});
  hash_.add(waiting_.back().batch);
  return waiting_.back().batch;
}

void BatchOutbox::acknowledge(std::uint64_t sequence) {
  if (sequence > taken_) return;
  while (!waiting_.empty() && waiting_.front().batch.sequence <= sequence) waiting_.pop_front();
}

void BatchOutbox::send_due(Instant now, AgentEffects& effects) {
  std::size_t count = 0, bytes = 0;
  for (Waiting& each : waiting_) {
    bytes += each.size;
    if (++count > batches_under_way || (count > 1 && bytes > bytes_under_way)) return;
    if (each.sent && now - each.last_sent < resend_after) continue;
    each.sent = true;
    each.last_sent = now;
    effects.push_back(effect::Send{each.batch});
  }
}

void BatchOutbox::send_oldest(AgentEffects& effects) const {
  if (!waiting_.empty()) effects.push_back(effect::Send{waiting_.front().batch});
}

void BatchOutbox::forget_what_was_sent() {
  for (Waiting& each : waiting_) each.sent = false;
}

std::size_t BatchOutbox::under_way() const {
  const auto sent = [](const Waiting& each) { return each.sent; };
  return static_cast<std::size_t>(std::count_if(waiting_.begin(), waiting_.end(), sent));
}

Sealed BatchOutbox::seal(std::string stopped_because) const {
  return {taken_, totals_, hash_.value(), std::move(stopped_because)};
}

}  // namespace squall::agents
