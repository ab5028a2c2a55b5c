#pragma once
// What a coordinator writes down of a run before it says it to anyone, in the order in which it
// happened: enough to go on after a crash, and to compute every figure of the report again.
//
// Instants are the coordinator's monotonic clock, which starts anew with the machine; RunOpened
// says which start of it they belong to.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "actors/bridge/link.hpp"
#include "actors/journal/journal.hpp"
#include "actors/messages.hpp"
#include "scenarios/thresholds/resolved_threshold.hpp"

namespace squall::actors {

struct RunOpened {  // always the first
  std::string run, tool_version, started_at;
  std::string scenario_file, scenario_text;
  std::string endpoint;      // where agents connect
  std::string security;      // for reports: "curve", "loopback without keys", "INSECURE"
  std::string boot;          // the machine's boot id
  std::uint32_t agents = 0;  // how many take part; 0: whoever came until the gathering ended
};
struct AgentJoined {
  std::uint32_t agent = 0;  // its number in this run, from 0; later entries say only that
  std::uint64_t epoch = 0;
  std::string identity;  // name of its key
  Hello hello;
};
struct ShareDealt {
  std::uint32_t agent = 0;
  scenarios::AgentShare share;
};
struct AgentReady {
  std::uint32_t agent = 0;
  Ready ready;
};
struct StartDecided {
  std::int64_t instant = 0;
};
struct AgentStarted {
  std::uint32_t agent = 0;
  Started started;
};
struct BatchKept {
  std::uint32_t agent = 0;
  MetricsBatch batch;
};
struct SealKept {
  std::uint32_t agent = 0;
  Sealed sealed;
};
struct AgentGivenUp {  // lost, or fenced off; its batches may still come
  std::uint32_t agent = 0;
  std::int64_t at = 0;
  std::string why;
  std::int64_t lease_end = 0;  // it started nothing from then on; 0: it never had a lease
};
struct ShareMoved {  // the lost agent's work goes to `to`, as TakeOver{number, share, from, ramp}
  std::uint32_t agent = 0, to = 0;
  TakeOver order;
};
struct ShareTaken {  // the agent said so
  std::uint32_t agent = 0;
  std::uint32_t number = 0;  // of the order
};
struct LoadStopped {  // before its plan was done: interrupt, or a failure; `why` is for the report
  std::int64_t at = 0;
  bool interrupted = false;
  std::string why;
};
struct CoordinatorResumed {  // a new process goes on; the one before was last heard of at `last`
  std::int64_t at = 0, last = 0;
  std::string boot;
};
struct ThresholdsResolved {  // once all are ready: what the run is judged by
  std::vector<scenarios::ResolvedThreshold> thresholds;
  std::vector<std::string> notes;  // what was left out, and why
};
struct ThresholdSet {  // during the run; takes the place of one with the same figure
  std::int64_t at = 0;
  scenarios::ResolvedThreshold threshold;
};
struct ThresholdUnset {
  std::int64_t at = 0;
  std::string text;  // of the threshold that counts no more
};
struct LoadAborted {  // a threshold with ", else abort" was missed; LoadStopped follows
  std::int64_t at = 0;
  std::string threshold, why;
  nanoseconds from{0}, to{0};  // in which it was missed, since the common start
};
struct RunFinished {
  std::int64_t at = 0;
  LinkCounters turned_away{};
  std::uint64_t protocol_errors = 0;  // frames of agents and strangers that were none of ours
};
using RunEntry = std::variant<RunOpened, AgentJoined, ShareDealt, AgentReady, StartDecided,
                              AgentStarted, BatchKept, SealKept, AgentGivenUp, ShareMoved,
                              ShareTaken, LoadStopped, CoordinatorResumed, ThresholdsResolved,
                              ThresholdSet, ThresholdUnset, LoadAborted, RunFinished>;

Bytes encode(const RunEntry& entry);
/// Empty for what is no entry of this version. Never throws.
std::optional<RunEntry> decode_run_entry(std::span<const std::byte> record);

/// Throws JournalError, also for records that are none of ours and for a journal that does not
/// begin with RunOpened.
std::vector<RunEntry> read_run_journal(const std::filesystem::path& file);

/// To go on with: what is in it, read when nobody else writes it any more. Throws likewise, also
/// while another process writes it.
struct ContinuedRun {
  std::vector<RunEntry> entries;
  std::unique_ptr<Journal> journal;
};
ContinuedRun continue_run_journal(const std::filesystem::path& file);

}  // namespace squall::actors
