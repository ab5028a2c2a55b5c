#pragma once
// A run's record made again from what its coordinator wrote down, entry by entry: for a coordinator
// that comes back, and for whoever verifies a report. The same entries give the same record.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/journal/batch_hash.hpp"
#include "actors/journal/run_entries.hpp"
#include "coordinator/run/run_record.hpp"
#include "coordinator/run/thresholds/threshold_watch.hpp"

namespace squall::coordinator {

/// Takes entries in the order in which they were written.
class RunReplay {
 public:
  RunReplay() = default;
  /// Of a run that opens just now, whose scenario is parsed already.
  explicit RunReplay(RunRecord opened) : record_(std::move(opened)), taken_(1) {}

  /// Throws actors::JournalError when the entry cannot follow those before it, and
  /// scenarios::ScenarioError when the scenario is none of this release.
  void take(const actors::RunEntry& entry);

  /// What is known by now; `journal` is left to the caller, who knows the file.
  RunRecord record() const;
  /// The same as it grows; its timeline is empty before the start was decided.
  const RunRecord& so_far() const { return record_; }

  /// What no entry tells before the last one does.
  void count_protocol_error() {
    if (!finished_) ++record_.protocol_errors;  // what comes later is in no journal
  }
  void note_turned_away(const actors::LinkCounters& counters) { record_.turned_away = counters; }
  /// The journal itself cannot be written.
  void break_off(const std::string& why) { record_.broken = record_.broken.value_or(why); }

  /// The common start on the coordinator's clock; none before it was decided.
  std::optional<std::int64_t> start() const { return start_; }
  bool finished() const { return finished_; }  // and nothing may follow
  /// A threshold was missed that is to end the run.
  const std::optional<RunAborted>& abort_due() const { return watch_.abort_due(); }

 private:
  void apply(const actors::RunOpened& entry);
  void apply(const actors::AgentJoined& entry);
  void apply(const actors::ShareDealt& entry);
  void apply(const actors::AgentReady& entry);
  void apply(const actors::StartDecided& entry);
  void apply(const actors::AgentStarted& entry);
  void apply(const actors::BatchKept& entry);
  void apply(const actors::SealKept& entry);
  void apply(const actors::AgentGivenUp& entry);
  void apply(const actors::ShareMoved& entry);
  void apply(const actors::ShareTaken& entry);
  void apply(const actors::LoadStopped& entry);
  void apply(const actors::CoordinatorResumed& entry);
  void apply(const actors::ThresholdsResolved& entry);
  void apply(const actors::ThresholdSet& entry);
  void apply(const actors::ThresholdUnset& entry);
  void apply(const actors::LoadAborted& entry);
  void apply(const actors::RunFinished& entry);

  void change_thresholds(std::vector<scenarios::ResolvedThreshold> thresholds, std::int64_t at,
                         std::string what);
  void wait_no_more_for(std::uint32_t agent);
  AgentRecord& agent(std::uint32_t number);
  nanoseconds since_start(std::int64_t instant) const;  // 0 before it
  void reached(std::int64_t instant);
  [[noreturn]] void refuse(const std::string& why) const;

  RunRecord record_;
  ThresholdWatch watch_;
  std::uint64_t taken_ = 0;
  std::vector<actors::BatchHash> hashes_;  // by agent
  std::optional<std::int64_t> start_;
  bool timeline_made_ = false;
  bool stopped_before_start_ = false;
  bool finished_ = false;
};

/// All of them. Throws as RunReplay::take.
RunRecord replay(const std::vector<actors::RunEntry>& entries);

/// Names a scenario's text in reports; 16 hexadecimal digits. Not a signature.
std::string hash_of_scenario(const std::string& text);

/// Whether reports must warn of plain connections: RunOpened::security begins with "INSECURE".
bool is_insecure(const std::string& security);

}  // namespace squall::coordinator
