#pragma once
// What must hold for any bytes that arrive as a frame: they are refused in words, or they are a
// message within the limits that can be used and said again. Aborts where it does not hold.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <variant>

#include "actors/wire/limits.hpp"
#include "actors/wire/message_codec.hpp"

namespace squall::fixtures {

inline void require(bool holds) {
  if (!holds) std::abort();
}

/// As a coordinator uses a batch: it is added up twice, so that sums and differences are reached.
inline void use(const actors::MetricsBatch& batch) {
  using namespace actors;
  PhaseMetrics sum;
  for (int twice = 0; twice < 2; ++twice)
    for (const auto& phase : batch.snapshot.phases) sum.merge(phase);
  for (const auto& histogram : sum.durations) {
    if (histogram.count() == 0) continue;
    require(histogram.value_at_rank(1) <= histogram.value_at_rank(histogram.count()));
    require(histogram.count() <= 4 * count_limit);
  }
  require(sum.cached <= sum.ledger.ok);
  require(sum.accuracy_agreed <= sum.accuracy_asked);
  for (const auto& phase : batch.snapshot.phases)
    require(phase.categories.size() <= category_limit);
  for (const auto& event : batch.snapshot.events) {
    require(event.at >= nanoseconds{0});
    require(event.what.size() <= event_text_limit);
  }
  require(batch.snapshot.to >= batch.snapshot.from);
}

inline void use(const actors::Hello& hello) {
  require(hello.labels.size() <= actors::label_limit);
  require(actors::is_rate(hello.caps.rate));
}
inline void use(const actors::Heartbeat& beat) {
  require(actors::is_instant(beat.sent));
  require(actors::is_instant(beat.clock_offset.count()));
}
inline void use(const actors::Sealed& sealed) {
  for (const auto& ledger : sealed.totals) require(actors::is_count(ledger.scheduled));
}
inline void use(const actors::Prepare& prepare) {
  require(prepare.share.index < prepare.share.count);
}
inline void use(const actors::TakeOver& order) {
  require(order.share.index < order.share.count);
  require(actors::is_duration(order.from.count()) && actors::is_duration(order.ramp.count()));
}
inline void use(const actors::Roster& roster) {
  require(roster.agents.size() <= actors::roster_limit);
}
template <class Other>
void use(const Other&) {}

/// Whether the bytes were believed by whoever believes either side.
inline bool check_envelope(std::span<const std::byte> bytes) {
  using namespace actors;
  const auto decoded = decode(bytes);
  const auto* envelope = std::get_if<Envelope>(&decoded);
  for (const Sender sender : {Sender::agent, Sender::coordinator}) {
    const auto one_sided = decode(bytes, sender);
    const bool believed = std::holds_alternative<Envelope>(one_sided);
    require(believed ? envelope != nullptr : !std::get<DecodeError>(one_sided).text.empty());
    if (!believed) continue;
    const bool from_agent = std::holds_alternative<AgentMessage>(envelope->message);
    require(from_agent == (sender == Sender::agent));
  }
  if (envelope == nullptr) {
    require(!std::get<DecodeError>(decoded).text.empty());
    return false;
  }
  std::visit([](const auto& side) { std::visit([](const auto& each) { use(each); }, side); },
             envelope->message);
  // What was believed can be said again, and then means the same.
  const Bytes again = encode(*envelope);
  const auto heard = decode(again);
  require(std::holds_alternative<Envelope>(heard));
  require(encode(std::get<Envelope>(heard)) == again);
  return true;
}

}  // namespace squall::fixtures
