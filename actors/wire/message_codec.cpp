#include "actors/wire/message_codec.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "actors/wire/limits.hpp"
#include "actors/wire/message_parts.hpp"
#include "actors/wire/metrics_codec.hpp"
#include "messages.pb.h"

namespace squall::actors {

namespace {

// ---- plain -> protobuf, one function a message

void put(const Hello& m, proto::Envelope& out) { write(m, *out.mutable_hello()); }
void put(const Ready& m, proto::Envelope& out) { write(m, *out.mutable_ready()); }
void put(const Started& m, proto::Envelope& out) { write(m, *out.mutable_started()); }
void put(const TakeOver& m, proto::Envelope& out) { write(m, *out.mutable_take_over()); }
void put(const PrepareFailed& m, proto::Envelope& out) {
  out.mutable_prepare_failed()->set_message(cut(m.message));
  out.mutable_prepare_failed()->set_user_can_fix(m.user_can_fix);
}
void put(const MetricsBatch& m, proto::Envelope& out) { out.set_metrics_batch(bytes_of(m)); }
void put(const Heartbeat& m, proto::Envelope& out) {
  auto& beat = *out.mutable_heartbeat();
  beat.set_loop_lag(m.loop_lag.count());
  beat.set_sent(m.sent);
  beat.set_unacknowledged(m.unacknowledged);
  beat.set_clock_offset(m.clock_offset.count());
  beat.set_clock_error_bound(m.clock_error_bound.count());
}
void put(const Sealed& m, proto::Envelope& out) { write(m, *out.mutable_sealed()); }
void put(const ClockProbe& m, proto::Envelope& out) { out.mutable_clock_probe()->set_sent(m.sent); }
void put(const TookOver& m, proto::Envelope& out) { out.mutable_took_over()->set_number(m.number); }
void put(const AskRoster&, proto::Envelope& out) { out.mutable_ask_roster(); }
void put(const Rejected& m, proto::Envelope& out) {
  out.mutable_rejected()->set_reason(cut(m.reason));
  out.mutable_rejected()->set_may_come_again(m.may_come_again);
}
void put(const Prepare& m, proto::Envelope& out) {
  auto& prepare = *out.mutable_prepare();
  prepare.set_scenario_text(m.scenario_text);
  prepare.set_scenario_file(cut(m.scenario_file));
  write(m.share, *prepare.mutable_share());
}
void put(const StartAt& m, proto::Envelope& out) { out.mutable_start_at()->set_instant(m.instant); }
void put(const LeaseRenewed& m, proto::Envelope& out) {
  out.mutable_lease_renewed()->set_acknowledged_batch(m.acknowledged_batch);
  out.mutable_lease_renewed()->set_beat_sent(m.beat_sent);
}
void put(const BatchAcknowledged& m, proto::Envelope& out) {
  out.mutable_batch_acknowledged()->set_sequence(m.sequence);
}
void put(const StopLoad& m, proto::Envelope& out) {
  out.mutable_stop_load()->set_grace(m.grace.count());
}
void put(const SealAcknowledged&, proto::Envelope& out) { out.mutable_seal_acknowledged(); }
void put(const ClockReply& m, proto::Envelope& out) {
  auto& reply = *out.mutable_clock_reply();
  reply.set_sent(m.sent);
  reply.set_received(m.received);
  reply.set_replied(m.replied);
}
void put(const Roster& m, proto::Envelope& out) {
  auto& roster = *out.mutable_roster();
  roster.set_run(cut(m.run));
  roster.set_scenario(cut(m.scenario, text_of_label));
  roster.set_stage(cut(m.stage, text_of_label));
  for (std::size_t i = 0; i < std::min(m.agents.size(), roster_limit); ++i) {
    const RosterLine& agent = m.agents[i];
    auto& line = *roster.add_agents();
    line.set_name(cut(agent.name, text_of_label));
    line.set_host(cut(agent.host, text_of_label));
    line.set_tool_version(cut(agent.tool_version, text_of_label));
    for (std::size_t each = 0; each < std::min(agent.labels.size(), label_limit); ++each)
      line.add_labels(cut(agent.labels[each], text_of_label));
    line.set_state(cut(agent.state, text_of_label));
    line.set_identity(cut(agent.identity, text_of_label));
    line.set_last_heard(agent.last_heard.count());
    line.set_batches(agent.batches);
  }
}

// ---- protobuf -> plain, one function a message; empty when it breaks a limit

std::optional<PrepareFailed> take(const proto::PrepareFailed& in) {
  if (!short_enough(in.message())) return std::nullopt;
  return PrepareFailed{in.message(), in.user_can_fix()};
}

std::optional<Hello> take(const proto::Hello& in) { return read(in); }
std::optional<Ready> take(const proto::Ready& in) { return read(in); }
std::optional<Started> take(const proto::Started& in) { return read(in); }
std::optional<TakeOver> take(const proto::TakeOver& in) { return read(in); }

std::optional<Heartbeat> take(const proto::Heartbeat& in) {
  if (!is_duration(in.loop_lag()) || !is_instant(in.sent()) || !is_instant(in.clock_offset()) ||
      !is_duration(in.clock_error_bound()))
    return std::nullopt;
  return Heartbeat{nanoseconds(in.loop_lag()), in.sent(), in.unacknowledged(),
                   nanoseconds(in.clock_offset()), nanoseconds(in.clock_error_bound())};
}

std::optional<Sealed> take(const proto::Sealed& in) { return read(in); }

std::optional<ClockProbe> take(const proto::ClockProbe& in) {
  if (!is_instant(in.sent())) return std::nullopt;
  return ClockProbe{in.sent()};
}

std::optional<Rejected> take(const proto::Rejected& in) {
  if (!short_enough(in.reason())) return std::nullopt;
  return Rejected{in.reason(), in.may_come_again()};
}

std::optional<Prepare> take(const proto::Prepare& in) {
  const auto share = read(in.share());
  if (!share || !short_enough(in.scenario_file())) return std::nullopt;
  return Prepare{in.scenario_text(), in.scenario_file(), *share};
}

std::optional<StartAt> take(const proto::StartAt& in) {
  if (!is_instant(in.instant())) return std::nullopt;
  return StartAt{in.instant()};
}

std::optional<LeaseRenewed> take(const proto::LeaseRenewed& in) {
  if (!is_instant(in.beat_sent())) return std::nullopt;
  return LeaseRenewed{in.acknowledged_batch(), in.beat_sent()};
}

std::optional<BatchAcknowledged> take(const proto::BatchAcknowledged& in) {
  return BatchAcknowledged{in.sequence()};
}

std::optional<StopLoad> take(const proto::StopLoad& in) {
  if (!is_duration(in.grace())) return std::nullopt;
  return StopLoad{nanoseconds(in.grace())};
}

std::optional<ClockReply> take(const proto::ClockReply& in) {
  if (!is_instant(in.sent()) || !is_instant(in.received()) || !is_instant(in.replied()))
    return std::nullopt;
  return ClockReply{in.sent(), in.received(), in.replied()};
}

std::optional<Roster> take(const proto::Roster& in) {
  if (static_cast<std::size_t>(in.agents_size()) > roster_limit ||
      !short_enough(in.run(), in.scenario(), in.stage()))
    return std::nullopt;
  Roster roster{in.run(), in.scenario(), in.stage(), {}};
  for (const auto& line : in.agents()) {
    auto labels = take_labels(line.labels());
    if (!labels || !is_duration(line.last_heard()) || !is_count(line.batches()) ||
        !short_enough(line.name(), line.host(), line.tool_version(), line.state(), line.identity()))
      return std::nullopt;
    roster.agents.push_back({line.name(), line.host(), line.tool_version(), std::move(*labels),
                             line.state(), line.identity(), nanoseconds(line.last_heard()),
                             line.batches()});
  }
  return roster;
}

// ---- which message it is

template <class Side, class Plain>
std::optional<Side> on_side(std::optional<Plain> message) {
  if (!message) return std::nullopt;
  return Side(std::move(*message));
}

std::optional<AgentMessage> take_agent_message(const proto::Envelope& in) {
  switch (in.from_agent_case()) {
    case proto::Envelope::kHello:
      return on_side<AgentMessage>(take(in.hello()));
    case proto::Envelope::kReady:
      return on_side<AgentMessage>(take(in.ready()));
    case proto::Envelope::kPrepareFailed:
      return on_side<AgentMessage>(take(in.prepare_failed()));
    case proto::Envelope::kStarted:
      return on_side<AgentMessage>(take(in.started()));
    case proto::Envelope::kMetricsBatch:  // see take_message
    case proto::Envelope::kHeartbeat:
      return on_side<AgentMessage>(take(in.heartbeat()));
    case proto::Envelope::kSealed:
      return on_side<AgentMessage>(take(in.sealed()));
    case proto::Envelope::kClockProbe:
      return on_side<AgentMessage>(take(in.clock_probe()));
    case proto::Envelope::kTookOver:
      return TookOver{in.took_over().number()};
    case proto::Envelope::kAskRoster:
      return AskRoster{};
    case proto::Envelope::FROM_AGENT_NOT_SET:
      break;
  }
  return std::nullopt;
}

std::optional<CoordinatorMessage> take_coordinator_message(const proto::Envelope& in) {
  switch (in.from_coordinator_case()) {
    case proto::Envelope::kRejected:
      return on_side<CoordinatorMessage>(take(in.rejected()));
    case proto::Envelope::kPrepare:
      return on_side<CoordinatorMessage>(take(in.prepare()));
    case proto::Envelope::kStartAt:
      return on_side<CoordinatorMessage>(take(in.start_at()));
    case proto::Envelope::kLeaseRenewed:
      return on_side<CoordinatorMessage>(take(in.lease_renewed()));
    case proto::Envelope::kBatchAcknowledged:
      return on_side<CoordinatorMessage>(take(in.batch_acknowledged()));
    case proto::Envelope::kStopLoad:
      return on_side<CoordinatorMessage>(take(in.stop_load()));
    case proto::Envelope::kSealAcknowledged:
      return SealAcknowledged{};
    case proto::Envelope::kClockReply:
      return on_side<CoordinatorMessage>(take(in.clock_reply()));
    case proto::Envelope::kTakeOver:
      return on_side<CoordinatorMessage>(take(in.take_over()));
    case proto::Envelope::kRoster:
      return on_side<CoordinatorMessage>(take(in.roster()));
    case proto::Envelope::FROM_COORDINATOR_NOT_SET:
      break;
  }
  return std::nullopt;
}

/// False when its parts do not fit together. `size` is that of the frame.
bool take_message(const proto::Envelope& in, std::size_t size, Envelope& envelope) {
  if (in.from_agent_case() == proto::Envelope::kMetricsBatch) {
    if (in.ByteSizeLong() != size) return false;  // it said something twice: of two batches, which?
    // By far the most frequent and the largest: made where it stays.
    auto& message = envelope.message.emplace<AgentMessage>(std::in_place_type<MetricsBatch>);
    return read_batch(in.metrics_batch(), std::get<MetricsBatch>(message));
  }
  if (auto from_agent = take_agent_message(in))
    envelope.message = std::move(*from_agent);
  else if (auto from_coordinator = take_coordinator_message(in))
    envelope.message = std::move(*from_coordinator);
  else
    return false;
  return true;
}

std::string version_text(std::uint32_t theirs) {
  return "the peer speaks version " + std::to_string(theirs) +
         " of Squall's protocol, this program version " + std::to_string(protocol_version) +
         "; use the same release on both sides";
}

Bytes bytes_of(const proto::Envelope& message) {
  Bytes bytes(message.ByteSizeLong());
  message.SerializeToArray(bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

}  // namespace

Bytes encode(const Envelope& envelope) {
  proto::Envelope out;
  out.set_protocol_version(protocol_version);
  out.set_run(envelope.run);
  out.set_epoch(envelope.epoch);
  std::visit([&](const auto& side) { std::visit([&](const auto& m) { put(m, out); }, side); },
             envelope.message);
  return bytes_of(out);
}

namespace {

std::optional<DecodeError> decode_into(std::span<const std::byte> frame, Envelope& envelope) {
  using Kind = DecodeError::Kind;
  if (frame.size() > frame_limit)
    return DecodeError{Kind::too_large, "a frame of " + std::to_string(frame.size()) +
                                            " bytes; the limit is " + std::to_string(frame_limit)};
  proto::Envelope in;
  if (!in.ParseFromArray(frame.data(), static_cast<int>(frame.size())))
    return DecodeError{Kind::malformed, "a frame that is not one of Squall's messages"};
  if (in.protocol_version() != protocol_version)
    return DecodeError{Kind::wrong_version, version_text(in.protocol_version())};
  if (!short_enough(in.run())) return DecodeError{Kind::nonsense, "a run id that is far too long"};
  const bool of_agent = in.from_agent_case() != proto::Envelope::FROM_AGENT_NOT_SET;
  const bool of_coordinator =
      in.from_coordinator_case() != proto::Envelope::FROM_COORDINATOR_NOT_SET;
  if (of_agent == of_coordinator)
    return DecodeError{Kind::nonsense, of_agent ? "a frame with messages in both directions"
                                                : "a frame without a message that is known here"};
  envelope.run = in.run();
  envelope.epoch = in.epoch();
  if (!take_message(in, frame.size(), envelope))
    return DecodeError{Kind::nonsense, "a message whose parts do not fit together"};
  return std::nullopt;
}

}  // namespace

std::variant<Envelope, DecodeError> decode(std::span<const std::byte> frame) {
  std::variant<Envelope, DecodeError> decoded;
  if (auto error = decode_into(frame, std::get<Envelope>(decoded))) decoded = std::move(*error);
  return decoded;
}

std::variant<Envelope, DecodeError> decode(std::span<const std::byte> frame, Sender sender) {
  auto decoded = decode(frame);
  const auto* envelope = std::get_if<Envelope>(&decoded);
  if (envelope == nullptr) return decoded;
  const bool of_agent = std::holds_alternative<AgentMessage>(envelope->message);
  if (of_agent != (sender == Sender::agent))
    decoded =
        DecodeError{DecodeError::Kind::nonsense,
                    of_agent ? "a message that only agents send, sent to an agent"
                             : "a message that only a coordinator sends, sent to a coordinator"};
  return decoded;
}

}  // namespace squall::actors
