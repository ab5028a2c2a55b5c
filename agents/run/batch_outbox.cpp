#include "agents/run/batch_outbox.hpp"

#include <algorithm>
#include <utility>

#include "actors/wire/message_codec.hpp"

namespace squall::agents {

using namespace actors;

namespace {

constexpr std::size_t beside_the_batch = 1024;  // of a message: run, epoch, version; or less

std::size_t size_of_message(const MetricsBatch& batch) {
  return batch.encoded.size() + beside_the_batch;
}

}  // namespace

const MetricsBatch* BatchOutbox::add(MetricsSnapshot snapshot) {
  MetricsBatch batch{taken_ + 1, std::move(snapshot)};
  batch.encoded = encode_alone(batch);
  if (size_of_message(batch) > frame_limit && !batch.snapshot.requests.empty()) {
    // The counts come first: reports then say that they have not every request's record.
    batch.snapshot.requests.clear();
    batch.encoded = encode_alone(batch);
  }
  if (size_of_message(batch) > frame_limit) return nullptr;
  batch.snapshot.requests = {};  // within the bytes
  ++taken_;
  for (std::size_t phase = 0; phase < phase_count; ++phase)
    totals_[phase] += batch.snapshot.phases[phase].ledger;
  hash_.add(batch);
  waiting_.push_back({std::move(batch), false, {}});
  return &waiting_.back().batch;
}

void BatchOutbox::acknowledge(std::uint64_t sequence) {
  if (sequence > taken_) return;
  while (!waiting_.empty() && waiting_.front().batch.sequence <= sequence) waiting_.pop_front();
}

void BatchOutbox::send_due(Instant now, AgentEffects& effects) {
  std::size_t count = 0, bytes = 0;
  for (Waiting& each : waiting_) {
    bytes += size_of_message(each.batch);
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
