#include "actors/wire/message_codec.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "actors/wire/limits.hpp"
#include "actors/wire/metrics_codec.hpp"
#include "messages.pb.h"

namespace squall::actors {

namespace {

std::string cut(const std::string& text, std::size_t limit = text_limit) {
  return text.substr(0, limit);
}

// ---- plain -> protobuf, one function a message

void put(const Hello& m, proto::Envelope& out) {
  auto& hello = *out.mutable_hello();
  hello.set_name(cut(m.name));
  hello.set_tool_version(cut(m.tool_version));
  hello.set_host(cut(m.host));
  hello.set_process_id(m.process_id);
}
void fill(const Calibration& calibration, proto::Calibration& out) {
  out.set_starts_per_second(calibration.starts_per_second);
  out.set_chunks_per_second(calibration.chunks_per_second);
  out.set_pacing_error_p99(calibration.pacing_error_p99.count());
  out.set_cpu_per_start(calibration.cpu_per_start.count());
  out.set_cpu_per_chunk(calibration.cpu_per_chunk.count());
}
void put(const Ready& m, proto::Envelope& out) {
  auto& ready = *out.mutable_ready();
  ready.set_plan_fingerprint(m.plan_fingerprint);
  ready.set_planned_requests(m.planned_requests);
  ready.set_planned_users(m.planned_users);
  ready.set_model_name(cut(m.model_name));
  ready.set_model_fingerprint(cut(m.model_fingerprint));
  ready.set_model_is_synthetic(m.model_is_synthetic);
  ready.set_instruction_set(cut(m.instruction_set));
  ready.set_engine_threads(m.engine_threads);
  ready.set_load_time(m.load_time.count());
  ready.set_clock_error_bound(m.clock_error_bound.count());
  ready.set_model_choice(cut(m.model_choice));
  ready.set_model_origin(cut(m.model_origin));
  for (std::size_t i = 0; i < std::min(m.warnings.size(), warning_limit); ++i)
    ready.add_warnings(cut(m.warnings[i], warning_text_limit));
  ready.set_target_kind(cut(m.target_kind));
  ready.set_target_is_simulated(m.target_is_simulated);
  ready.set_target_origin(cut(m.target_origin));
  ready.set_token_counts(cut(m.token_counts));
  if (m.calibration != Calibration{}) fill(m.calibration, *ready.mutable_calibration());
}
void put(const PrepareFailed& m, proto::Envelope& out) {
  out.mutable_prepare_failed()->set_message(cut(m.message));
  out.mutable_prepare_failed()->set_user_can_fix(m.user_can_fix);
}
void put(const Started& m, proto::Envelope& out) {
  out.mutable_started()->set_start_error(m.start_error.count());
}
void put(const MetricsBatch& m, proto::Envelope& out) { write(m, *out.mutable_metrics_batch()); }
void put(const Heartbeat& m, proto::Envelope& out) {
  out.mutable_heartbeat()->set_loop_lag(m.loop_lag.count());
}
void put(const Sealed& m, proto::Envelope& out) { write(m, *out.mutable_sealed()); }
void put(const ClockProbe& m, proto::Envelope& out) { out.mutable_clock_probe()->set_sent(m.sent); }
void put(const Rejected& m, proto::Envelope& out) {
  out.mutable_rejected()->set_reason(cut(m.reason));
}
void put(const Prepare& m, proto::Envelope& out) {
  auto& prepare = *out.mutable_prepare();
  prepare.set_scenario_text(m.scenario_text);
  prepare.set_scenario_file(cut(m.scenario_file));
  prepare.set_share_index(m.share.index);
  prepare.set_share_count(m.share.count);
}
void put(const StartAt& m, proto::Envelope& out) { out.mutable_start_at()->set_instant(m.instant); }
void put(const LeaseRenewed& m, proto::Envelope& out) {
  out.mutable_lease_renewed()->set_acknowledged_batch(m.acknowledged_batch);
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

// ---- protobuf -> plain, one function a message; empty when it breaks a limit

template <class... Text>
bool short_enough(const Text&... texts) {
  return ((texts.size() <= text_limit) && ...);
}

std::optional<Hello> take(const proto::Hello& in) {
  if (!short_enough(in.name(), in.host(), in.tool_version())) return std::nullopt;
  return Hello{in.name(), in.tool_version(), in.host(), in.process_id()};
}

std::optional<Calibration> take(const proto::Calibration& in) {
  if (!is_rate(in.starts_per_second()) || !is_rate(in.chunks_per_second()) ||
      !is_duration(in.pacing_error_p99()) || !is_duration(in.cpu_per_start()) ||
      !is_duration(in.cpu_per_chunk()))
    return std::nullopt;
  return Calibration{in.starts_per_second(), in.chunks_per_second(),
                     nanoseconds(in.pacing_error_p99()), nanoseconds(in.cpu_per_start()),
                     nanoseconds(in.cpu_per_chunk())};
}

std::optional<Ready> take(const proto::Ready& in) {
  const auto calibration = take(in.calibration());
  if (!calibration ||
      !short_enough(in.model_name(), in.model_fingerprint(), in.instruction_set()) ||
      !is_count(in.planned_requests()) || !is_count(in.planned_users()) ||
      !is_duration(in.load_time()) || !is_duration(in.clock_error_bound()) ||
      !short_enough(in.model_choice(), in.model_origin(), in.target_kind(), in.target_origin(),
                    in.token_counts()))
    return std::nullopt;
  if (in.warnings_size() > static_cast<int>(warning_limit)) return std::nullopt;
  for (const std::string& warning : in.warnings())
    if (warning.size() > warning_text_limit) return std::nullopt;
  return Ready{.plan_fingerprint = in.plan_fingerprint(),
               .planned_requests = in.planned_requests(),
               .planned_users = in.planned_users(),
               .model_name = in.model_name(),
               .model_fingerprint = in.model_fingerprint(),
               .model_is_synthetic = in.model_is_synthetic(),
               .model_choice = in.model_choice(),
               .model_origin = in.model_origin(),
               .instruction_set = in.instruction_set(),
               .engine_threads = in.engine_threads(),
               .load_time = nanoseconds(in.load_time()),
               .clock_error_bound = nanoseconds(in.clock_error_bound()),
               .warnings = {in.warnings().begin(), in.warnings().end()},
               .target_kind = in.target_kind(),
               .target_is_simulated = in.target_is_simulated(),
               .target_origin = in.target_origin(),
               .token_counts = in.token_counts(),
               .calibration = *calibration};
}

std::optional<PrepareFailed> take(const proto::PrepareFailed& in) {
  if (!short_enough(in.message())) return std::nullopt;
  return PrepareFailed{in.message(), in.user_can_fix()};
}

std::optional<Started> take(const proto::Started& in) {
  if (!is_instant(in.start_error())) return std::nullopt;  // a difference: may be negative
  return Started{nanoseconds(in.start_error())};
}

std::optional<MetricsBatch> take(const proto::MetricsBatch& in) { return read(in); }

std::optional<Heartbeat> take(const proto::Heartbeat& in) {
  if (!is_duration(in.loop_lag())) return std::nullopt;
  return Heartbeat{nanoseconds(in.loop_lag())};
}

std::optional<Sealed> take(const proto::Sealed& in) { return read(in); }

std::optional<ClockProbe> take(const proto::ClockProbe& in) {
  if (!is_instant(in.sent())) return std::nullopt;
  return ClockProbe{in.sent()};
}

std::optional<Rejected> take(const proto::Rejected& in) {
  if (!short_enough(in.reason())) return std::nullopt;
  return Rejected{in.reason()};
}

std::optional<Prepare> take(const proto::Prepare& in) {
  if (!short_enough(in.scenario_file()) || in.share_index() >= in.share_count())
    return std::nullopt;
  return Prepare{in.scenario_text(), in.scenario_file(), {in.share_index(), in.share_count()}};
}

std::optional<StartAt> take(const proto::StartAt& in) {
  if (!is_instant(in.instant())) return std::nullopt;
  return StartAt{in.instant()};
}

std::optional<LeaseRenewed> take(const proto::LeaseRenewed& in) {
  return LeaseRenewed{in.acknowledged_batch()};
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
    case proto::Envelope::kMetricsBatch:
      return on_side<AgentMessage>(take(in.metrics_batch()));
    case proto::Envelope::kHeartbeat:
      return on_side<AgentMessage>(take(in.heartbeat()));
    case proto::Envelope::kSealed:
      return on_side<AgentMessage>(take(in.sealed()));
    case proto::Envelope::kClockProbe:
      return on_side<AgentMessage>(take(in.clock_probe()));
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
    case proto::Envelope::FROM_COORDINATOR_NOT_SET:
      break;
  }
  return std::nullopt;
}

std::string version_text(std::uint32_t theirs) {
  return "the peer speaks version " + std::to_string(theirs) +
         " of Squall's protocol, this program version " + std::to_string(protocol_version) +
         "; use the same release on both sides";
}

}  // namespace

Bytes encode(const Envelope& envelope) {
  proto::Envelope out;
  out.set_protocol_version(protocol_version);
  out.set_run(envelope.run);
  out.set_epoch(envelope.epoch);
  std::visit([&](const auto& side) { std::visit([&](const auto& m) { put(m, out); }, side); },
             envelope.message);
  Bytes bytes(out.ByteSizeLong());
  out.SerializeToArray(bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

std::variant<Envelope, DecodeError> decode(std::span<const std::byte> frame) {
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
  Envelope envelope{in.run(), in.epoch(), {}};
  if (auto from_agent = take_agent_message(in))
    envelope.message = std::move(*from_agent);
  else if (auto from_coordinator = take_coordinator_message(in))
    envelope.message = std::move(*from_coordinator);
  else
    return DecodeError{Kind::nonsense, "a message whose parts do not fit together"};
  return envelope;
}

std::variant<Envelope, DecodeError> decode(std::span<const std::byte> frame, Sender sender) {
  auto decoded = decode(frame);
  const auto* envelope = std::get_if<Envelope>(&decoded);
  if (envelope == nullptr) return decoded;
  const bool of_agent = std::holds_alternative<AgentMessage>(envelope->message);
  if (of_agent == (sender == Sender::agent)) return decoded;
  return DecodeError{DecodeError::Kind::nonsense,
                     of_agent ? "a message that only agents send, sent to an agent"
                              : "a message that only a coordinator sends, sent to a coordinator"};
}

}  // namespace squall::actors
