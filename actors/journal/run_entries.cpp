#include "actors/journal/run_entries.hpp"

#include <utility>

#include "actors/journal/threshold_entries.hpp"
#include "actors/wire/message_parts.hpp"
#include "actors/wire/metrics_codec.hpp"
#include "journal/journal.pb.h"

namespace squall::actors {

namespace {

// ---- plain -> protobuf, one function an entry

void put(const RunOpened& entry, proto::RunEntry& out) {
  auto& opened = *out.mutable_run_opened();
  opened.set_run(cut(entry.run));
  opened.set_tool_version(cut(entry.tool_version));
  opened.set_started_at(cut(entry.started_at));
  opened.set_scenario_file(cut(entry.scenario_file));
  opened.set_scenario_text(entry.scenario_text);
  opened.set_endpoint(cut(entry.endpoint));
  opened.set_security(cut(entry.security));
  opened.set_boot(cut(entry.boot));
  opened.set_agents(entry.agents);
}
void put(const AgentJoined& entry, proto::RunEntry& out) {
  auto& joined = *out.mutable_agent_joined();
  joined.set_agent(entry.agent);
  joined.set_epoch(entry.epoch);
  joined.set_identity(cut(entry.identity));
  write(entry.hello, *joined.mutable_hello());
}
void put(const ShareDealt& entry, proto::RunEntry& out) {
  out.mutable_share_dealt()->set_agent(entry.agent);
  write(entry.share, *out.mutable_share_dealt()->mutable_share());
}
void put(const AgentReady& entry, proto::RunEntry& out) {
  out.mutable_agent_ready()->set_agent(entry.agent);
  write(entry.ready, *out.mutable_agent_ready()->mutable_ready());
}
void put(const StartDecided& entry, proto::RunEntry& out) {
  out.mutable_start_decided()->set_instant(entry.instant);
}
void put(const AgentStarted& entry, proto::RunEntry& out) {
  out.mutable_agent_started()->set_agent(entry.agent);
  write(entry.started, *out.mutable_agent_started()->mutable_started());
}
void put(const BatchKept& entry, proto::RunEntry& out) {
  out.mutable_batch_kept()->set_agent(entry.agent);
  out.mutable_batch_kept()->set_batch(bytes_of(entry.batch));
}
void put(const SealKept& entry, proto::RunEntry& out) {
  out.mutable_seal_kept()->set_agent(entry.agent);
  write(entry.sealed, *out.mutable_seal_kept()->mutable_sealed());
}
void put(const AgentGivenUp& entry, proto::RunEntry& out) {
  auto& given_up = *out.mutable_agent_given_up();
  given_up.set_agent(entry.agent);
  given_up.set_at(entry.at);
  given_up.set_why(cut(entry.why));
  given_up.set_lease_end(entry.lease_end);
}
void put(const ShareMoved& entry, proto::RunEntry& out) {
  auto& moved = *out.mutable_share_moved();
  moved.set_agent(entry.agent);
  moved.set_to(entry.to);
  write(entry.order, *moved.mutable_order());
}
void put(const ShareTaken& entry, proto::RunEntry& out) {
  out.mutable_share_taken()->set_agent(entry.agent);
  out.mutable_share_taken()->set_number(entry.number);
}
void put(const LoadStopped& entry, proto::RunEntry& out) {
  auto& stopped = *out.mutable_load_stopped();
  stopped.set_at(entry.at);
  stopped.set_interrupted(entry.interrupted);
  stopped.set_why(cut(entry.why));
}
void put(const CoordinatorResumed& entry, proto::RunEntry& out) {
  auto& resumed = *out.mutable_coordinator_resumed();
  resumed.set_at(entry.at);
  resumed.set_last(entry.last);
  resumed.set_boot(cut(entry.boot));
}
void put(const ThresholdsResolved& entry, proto::RunEntry& out) { write_entry(entry, out); }
void put(const ThresholdSet& entry, proto::RunEntry& out) { write_entry(entry, out); }
void put(const ThresholdUnset& entry, proto::RunEntry& out) { write_entry(entry, out); }
void put(const LoadAborted& entry, proto::RunEntry& out) { write_entry(entry, out); }
void put(const RunFinished& entry, proto::RunEntry& out) {
  auto& finished = *out.mutable_run_finished();
  finished.set_at(entry.at);
  finished.set_undeliverable(entry.turned_away.undeliverable);
  finished.set_refused_parts(entry.turned_away.refused_parts);
  finished.set_refused_keys(entry.turned_away.refused_keys);
  finished.set_revoked_frames(entry.turned_away.revoked_frames);
  finished.set_refused_handshakes(entry.turned_away.refused_handshakes);
  finished.set_protocol_errors(entry.protocol_errors);
  finished.set_flooded(entry.turned_away.flooded);
}

// ---- protobuf -> plain, one function an entry; empty when it breaks a limit

std::optional<RunEntry> take(const proto::RunOpened& in) {
  if (!short_enough(in.run(), in.tool_version(), in.started_at(), in.scenario_file(), in.endpoint(),
                    in.security(), in.boot()) ||
      in.scenario_text().size() > frame_limit)
    return std::nullopt;
  return RunOpened{in.run(),           in.tool_version(),  in.started_at(),
                   in.scenario_file(), in.scenario_text(), in.endpoint(),
                   in.security(),      in.boot(),          in.agents()};
}

std::optional<RunEntry> take(const proto::AgentJoined& in) {
  auto hello = read(in.hello());
  if (!hello || !short_enough(in.identity())) return std::nullopt;
  return AgentJoined{in.agent(), in.epoch(), in.identity(), std::move(*hello)};
}

std::optional<RunEntry> take(const proto::ShareDealt& in) {
  const auto share = read(in.share());
  if (!share) return std::nullopt;
  return ShareDealt{in.agent(), *share};
}

std::optional<RunEntry> take(const proto::AgentReady& in) {
  auto ready = read(in.ready());
  if (!ready) return std::nullopt;
  return AgentReady{in.agent(), std::move(*ready)};
}

std::optional<RunEntry> take(const proto::StartDecided& in) {
  if (!is_instant(in.instant())) return std::nullopt;
  return StartDecided{in.instant()};
}

std::optional<RunEntry> take(const proto::AgentStarted& in) {
  const auto started = read(in.started());
  if (!started) return std::nullopt;
  return AgentStarted{in.agent(), *started};
}

std::optional<RunEntry> take(const proto::BatchKept& in) {
  BatchKept kept{in.agent(), {}};
  if (!read_batch(in.batch(), kept.batch)) return std::nullopt;
  return kept;
}

std::optional<RunEntry> take(const proto::SealKept& in) {
  auto sealed = read(in.sealed());
  if (!sealed) return std::nullopt;
  return SealKept{in.agent(), std::move(*sealed)};
}

std::optional<RunEntry> take(const proto::AgentGivenUp& in) {
  if (!is_instant(in.at()) || !is_instant(in.lease_end()) || !short_enough(in.why()))
    return std::nullopt;
  return AgentGivenUp{in.agent(), in.at(), in.why(), in.lease_end()};
}

std::optional<RunEntry> take(const proto::ShareMoved& in) {
  const auto order = read(in.order());
  if (!order) return std::nullopt;
  return ShareMoved{in.agent(), in.to(), *order};
}

std::optional<RunEntry> take(const proto::ShareTaken& in) {
  return ShareTaken{in.agent(), in.number()};
}

std::optional<RunEntry> take(const proto::LoadStopped& in) {
  if (!is_instant(in.at()) || !short_enough(in.why())) return std::nullopt;
  return LoadStopped{in.at(), in.interrupted(), in.why()};
}

std::optional<RunEntry> take(const proto::CoordinatorResumed& in) {
  if (!is_instant(in.at()) || !is_instant(in.last()) || !short_enough(in.boot()))
    return std::nullopt;
  return CoordinatorResumed{in.at(), in.last(), in.boot()};
}

std::optional<RunEntry> take(const proto::RunFinished& in) {
  if (!is_instant(in.at())) return std::nullopt;
  return RunFinished{in.at(),
                     {in.undeliverable(), in.refused_parts(), in.refused_keys(),
                      in.revoked_frames(), in.refused_handshakes(), in.flooded()},
                     in.protocol_errors()};
}

}  // namespace

Bytes encode(const RunEntry& entry) {
  proto::RunEntry out;
  out.set_protocol_version(protocol_version);
  std::visit([&](const auto& each) { put(each, out); }, entry);
  Bytes bytes(out.ByteSizeLong());
  out.SerializeToArray(bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

std::optional<RunEntry> decode_run_entry(std::span<const std::byte> record) {
  using Kind = proto::RunEntry;
  proto::RunEntry in;
  if (record.size() > record_limit ||
      !in.ParseFromArray(record.data(), static_cast<int>(record.size())) ||
      in.protocol_version() != protocol_version)
    return std::nullopt;
  switch (in.entry_case()) {
    case Kind::kRunOpened:
      return take(in.run_opened());
    case Kind::kAgentJoined:
      return take(in.agent_joined());
    case Kind::kShareDealt:
      return take(in.share_dealt());
    case Kind::kAgentReady:
      return take(in.agent_ready());
    case Kind::kStartDecided:
      return take(in.start_decided());
    case Kind::kAgentStarted:
      return take(in.agent_started());
    case Kind::kBatchKept:
      return take(in.batch_kept());
    case Kind::kSealKept:
      return take(in.seal_kept());
    case Kind::kAgentGivenUp:
      return take(in.agent_given_up());
    case Kind::kShareMoved:
      return take(in.share_moved());
    case Kind::kShareTaken:
      return take(in.share_taken());
    case Kind::kLoadStopped:
      return take(in.load_stopped());
    case Kind::kCoordinatorResumed:
      return take(in.coordinator_resumed());
    case Kind::kRunFinished:
      return take(in.run_finished());
    case Kind::kThresholdsResolved:
      return read_entry(in.thresholds_resolved());
    case Kind::kThresholdSet:
      return read_entry(in.threshold_set());
    case Kind::kThresholdUnset:
      return read_entry(in.threshold_unset());
    case Kind::kLoadAborted:
      return read_entry(in.load_aborted());
    case Kind::ENTRY_NOT_SET:
      break;
  }
  return std::nullopt;
}

namespace {

/// Takes the records of a run's journal, in order.
class Entries {
 public:
  explicit Entries(const std::filesystem::path& file) : file_(file) {}

  void take(std::span<const std::byte> record) {
    auto entry = decode_run_entry(record);
    const bool fits = entry && all_.empty() == std::holds_alternative<RunOpened>(*entry);
    if (!fits)
      throw JournalError(file_.string() + " is no journal of a run of this release: record " +
                         std::to_string(all_.size() + 1) +
                         " is none of its entries; read it with the release that wrote it");
    all_.push_back(std::move(*entry));
  }
  std::vector<RunEntry> all() {
    if (all_.empty())
      throw JournalError(file_.string() +
                         " is the journal of a run that never opened; there is nothing in it");
    return std::move(all_);
  }

 private:
  const std::filesystem::path& file_;
  std::vector<RunEntry> all_;
};

}  // namespace

std::vector<RunEntry> read_run_journal(const std::filesystem::path& file) {
  Entries entries(file);
  read_journal(file, [&](std::span<const std::byte> record) { entries.take(record); });
  return entries.all();
}

ContinuedRun continue_run_journal(const std::filesystem::path& file) {
  Entries entries(file);
  auto journal =
      continue_journal(file, [&](std::span<const std::byte> record) { entries.take(record); });
  return {entries.all(), std::move(journal)};
}

}  // namespace squall::actors
