#pragma once
// Every field of every message and of every entry of a journal, so that a field that a codec
// forgets fails a comparison.

#include <tuple>

#include "actors/journal/agent_entries.hpp"
#include "actors/journal/run_entries.hpp"
#include "actors/messages.hpp"

namespace squall::actors {

// ---- messages

inline bool operator==(const Hello& a, const Hello& b) {
  return std::tie(a.name, a.tool_version, a.host, a.process_id, a.labels, a.caps, a.batches) ==
         std::tie(b.name, b.tool_version, b.host, b.process_id, b.labels, b.caps, b.batches);
}
inline bool operator==(const Ready& a, const Ready& b) {
  return std::tie(a.plan_fingerprint, a.planned_requests, a.planned_users, a.model_name,
                  a.model_fingerprint, a.model_is_synthetic, a.instruction_set, a.engine_threads,
                  a.load_time, a.clock_error_bound, a.model_choice, a.model_origin, a.warnings,
                  a.target_kind, a.target_is_simulated, a.target_origin, a.token_counts,
                  a.calibration, a.hardware, a.model_facts) ==
         std::tie(b.plan_fingerprint, b.planned_requests, b.planned_users, b.model_name,
                  b.model_fingerprint, b.model_is_synthetic, b.instruction_set, b.engine_threads,
                  b.load_time, b.clock_error_bound, b.model_choice, b.model_origin, b.warnings,
                  b.target_kind, b.target_is_simulated, b.target_origin, b.token_counts,
                  b.calibration, b.hardware, b.model_facts);
}
inline bool operator==(const PrepareFailed& a, const PrepareFailed& b) {
  return a.message == b.message && a.user_can_fix == b.user_can_fix;
}
inline bool operator==(const Started& a, const Started& b) {
  return a.start_error == b.start_error;
}
inline bool operator==(const MetricsBatch& a, const MetricsBatch& b) {
  return a.sequence == b.sequence && a.snapshot == b.snapshot;
}
inline bool operator==(const Heartbeat& a, const Heartbeat& b) {
  return std::tie(a.loop_lag, a.sent, a.unacknowledged, a.clock_offset, a.clock_error_bound) ==
         std::tie(b.loop_lag, b.sent, b.unacknowledged, b.clock_offset, b.clock_error_bound);
}
inline bool operator==(const Sealed& a, const Sealed& b) {
  return std::tie(a.batches, a.totals, a.hash, a.stopped_because) ==
         std::tie(b.batches, b.totals, b.hash, b.stopped_because);
}
inline bool operator==(const ClockProbe& a, const ClockProbe& b) { return a.sent == b.sent; }
inline bool operator==(const TookOver& a, const TookOver& b) { return a.number == b.number; }
inline bool operator==(const AskRoster&, const AskRoster&) { return true; }
inline bool operator==(const Rejected& a, const Rejected& b) {
  return a.reason == b.reason && a.may_come_again == b.may_come_again;
}
inline bool operator==(const Prepare& a, const Prepare& b) {
  return std::tie(a.scenario_text, a.scenario_file, a.share) ==
         std::tie(b.scenario_text, b.scenario_file, b.share);
}
inline bool operator==(const StartAt& a, const StartAt& b) { return a.instant == b.instant; }
inline bool operator==(const LeaseRenewed& a, const LeaseRenewed& b) {
  return a.acknowledged_batch == b.acknowledged_batch && a.beat_sent == b.beat_sent;
}
inline bool operator==(const TakeOver& a, const TakeOver& b) {
  return std::tie(a.number, a.share, a.from, a.ramp) == std::tie(b.number, b.share, b.from, b.ramp);
}
inline bool operator==(const RosterLine& a, const RosterLine& b) {
  return std::tie(a.name, a.host, a.tool_version, a.labels, a.state, a.identity, a.last_heard,
                  a.batches) == std::tie(b.name, b.host, b.tool_version, b.labels, b.state,
                                         b.identity, b.last_heard, b.batches);
}
inline bool operator==(const Roster& a, const Roster& b) {
  return std::tie(a.run, a.scenario, a.stage, a.agents) ==
         std::tie(b.run, b.scenario, b.stage, b.agents);
}
inline bool operator==(const BatchAcknowledged& a, const BatchAcknowledged& b) {
  return a.sequence == b.sequence;
}
inline bool operator==(const StopLoad& a, const StopLoad& b) { return a.grace == b.grace; }
inline bool operator==(const SealAcknowledged&, const SealAcknowledged&) { return true; }
inline bool operator==(const ClockReply& a, const ClockReply& b) {
  return std::tie(a.sent, a.received, a.replied) == std::tie(b.sent, b.received, b.replied);
}
inline bool operator==(const Envelope& a, const Envelope& b) {
  return std::tie(a.run, a.epoch, a.message) == std::tie(b.run, b.epoch, b.message);
}

// ---- entries of an agent's journal

inline bool operator==(const PartOpened& a, const PartOpened& b) {
  return std::tie(a.run, a.epoch, a.hello, a.share) == std::tie(b.run, b.epoch, b.hello, b.share);
}
inline bool operator==(const BatchTaken& a, const BatchTaken& b) { return a.batch == b.batch; }
inline bool operator==(const PartSealed& a, const PartSealed& b) { return a.sealed == b.sealed; }
inline bool operator==(const AllAcknowledged&, const AllAcknowledged&) { return true; }

// ---- entries of a run's journal

/// What the text says, parsing says again.
inline bool same_threshold(const scenarios::ResolvedThreshold& a,
                           const scenarios::ResolvedThreshold& b) {
  return std::tie(a.threshold.text, a.threshold.limit, a.threshold.window, a.threshold.abort,
                  a.threshold.abort_after, a.steps, a.guess, a.missing, a.reference) ==
         std::tie(b.threshold.text, b.threshold.limit, b.threshold.window, b.threshold.abort,
                  b.threshold.abort_after, b.steps, b.guess, b.missing, b.reference);
}

inline bool operator==(const RunOpened& a, const RunOpened& b) {
  return std::tie(a.run, a.tool_version, a.started_at, a.scenario_file, a.scenario_text, a.endpoint,
                  a.security, a.boot,
                  a.agents) == std::tie(b.run, b.tool_version, b.started_at, b.scenario_file,
                                        b.scenario_text, b.endpoint, b.security, b.boot, b.agents);
}
inline bool operator==(const AgentJoined& a, const AgentJoined& b) {
  return std::tie(a.agent, a.epoch, a.identity, a.hello) ==
         std::tie(b.agent, b.epoch, b.identity, b.hello);
}
inline bool operator==(const ShareDealt& a, const ShareDealt& b) {
  return a.agent == b.agent && a.share == b.share;
}
inline bool operator==(const AgentReady& a, const AgentReady& b) {
  return a.agent == b.agent && a.ready == b.ready;
}
inline bool operator==(const StartDecided& a, const StartDecided& b) {
  return a.instant == b.instant;
}
inline bool operator==(const AgentStarted& a, const AgentStarted& b) {
  return a.agent == b.agent && a.started == b.started;
}
inline bool operator==(const BatchKept& a, const BatchKept& b) {
  return a.agent == b.agent && a.batch == b.batch;
}
inline bool operator==(const SealKept& a, const SealKept& b) {
  return a.agent == b.agent && a.sealed == b.sealed;
}
inline bool operator==(const AgentGivenUp& a, const AgentGivenUp& b) {
  return std::tie(a.agent, a.at, a.why, a.lease_end) == std::tie(b.agent, b.at, b.why, b.lease_end);
}
inline bool operator==(const ShareMoved& a, const ShareMoved& b) {
  return std::tie(a.agent, a.to, a.order) == std::tie(b.agent, b.to, b.order);
}
inline bool operator==(const ShareTaken& a, const ShareTaken& b) {
  return a.agent == b.agent && a.number == b.number;
}
inline bool operator==(const LoadStopped& a, const LoadStopped& b) {
  return std::tie(a.at, a.interrupted, a.why) == std::tie(b.at, b.interrupted, b.why);
}
inline bool operator==(const CoordinatorResumed& a, const CoordinatorResumed& b) {
  return std::tie(a.at, a.last, a.boot) == std::tie(b.at, b.last, b.boot);
}
inline bool operator==(const LinkCounters& a, const LinkCounters& b) {
  return std::tie(a.undeliverable, a.refused_parts, a.refused_keys, a.revoked_frames,
                  a.refused_handshakes) == std::tie(b.undeliverable, b.refused_parts,
                                                    b.refused_keys, b.revoked_frames,
                                                    b.refused_handshakes);
}
inline bool operator==(const ThresholdsResolved& a, const ThresholdsResolved& b) {
  return a.notes == b.notes && std::equal(a.thresholds.begin(), a.thresholds.end(),
                                          b.thresholds.begin(), b.thresholds.end(), same_threshold);
}
inline bool operator==(const ThresholdSet& a, const ThresholdSet& b) {
  return a.at == b.at && same_threshold(a.threshold, b.threshold);
}
inline bool operator==(const ThresholdUnset& a, const ThresholdUnset& b) {
  return a.at == b.at && a.text == b.text;
}
inline bool operator==(const LoadAborted& a, const LoadAborted& b) {
  return std::tie(a.at, a.threshold, a.why, a.from, a.to) ==
         std::tie(b.at, b.threshold, b.why, b.from, b.to);
}
inline bool operator==(const RunFinished& a, const RunFinished& b) {
  return std::tie(a.at, a.turned_away, a.protocol_errors) ==
         std::tie(b.at, b.turned_away, b.protocol_errors);
}

}  // namespace squall::actors
