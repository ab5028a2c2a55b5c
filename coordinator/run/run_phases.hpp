#pragma once
// What the coordinator decides during one run: a plain state machine without actors, sockets, files
// or clocks. Events go in with the time at which they happened; what to write down and then to say
// comes out. Its whole memory follows from what was written down, so another process can go on.
//
//   gather -> prepare -> start -> warm up -> measure -> drain -> seal -> finished

#include <string>
#include <vector>

#include "actors/fabric_times.hpp"
#include "actors/journal/run_entries.hpp"
#include "actors/messages.hpp"
#include "coordinator/run/agents/agent_gathering.hpp"
#include "coordinator/run/agents/agent_roster.hpp"
#include "coordinator/run/agents/answer_allowance.hpp"
#include "coordinator/run/agents/share_moves.hpp"
#include "coordinator/run/run_replay.hpp"
#include "coordinator/run/run_stage.hpp"
#include "coordinator/run/thresholds/threshold_resolution.hpp"

namespace squall::coordinator {

struct ToAgent {
  actors::PeerId peer;
  std::uint64_t epoch = 0;
  actors::CoordinatorMessage message;
};
using ToAgents = std::vector<ToAgent>;

/// What to do about an event. Whoever does it has `keep` in the journal before it says anything.
struct Steps {
  std::vector<actors::RunEntry> keep;
  ToAgents say;
};

/// What became of a wish to change a threshold: steps, or the mistake in it.
struct ThresholdAnswer {
  Steps steps{};
  std::string told;     // "set ttft p95 < 400ms in place of ttft p95 < 300ms"
  std::string mistake;  // and what to do; empty: there is none
};

class RunPhases {
 public:
  /// `record` has its identity and scenario filled in.
  RunPhases(RunRecord record, Gathering gathering, actors::FabricTimes times, Instant now);

  /// Goes on with a run whose conductor is no more. `entries` are its journal; `boot` is this start
  /// of the machine, whose clock the entries' instants must be of, `host` its name, by which local
  /// agents are known. Throws JournalError and scenarios::ScenarioError. The first steps say that
  /// it goes on.
  static RunPhases resumed(const std::vector<actors::RunEntry>& entries, actors::FabricTimes times,
                           Instant now, const std::string& boot = "", const std::string& host = "");

  /// What is to be written down already, before anything happened. Else it goes with the first
  /// event.
  Steps opening() { return taken(); }

  /// `identity` is the name of the peer's key, as the link knows it; empty without keys.
  Steps on_message(const actors::PeerId& peer, const std::string& identity, std::uint64_t epoch,
                   const std::string& run, actors::AgentMessage&& message, Instant now);
  Steps on_protocol_error(const actors::PeerId& peer, const std::string& why, Instant now);
  /// A local agent's process ended; `how` says so in words ("killed by signal 9").
  Steps on_process_ended(std::uint64_t process_id, const std::string& how, Instant now);
  /// The key with that name is not to be trusted any more.
  Steps on_revoked(const std::string& identity, Instant now);
  /// Nothing can be written down any more: nothing is acknowledged either, and the run ends.
  Steps on_journal_failed(const std::string& why, Instant now);
  Steps on_interrupt(Instant now);
  Steps on_tick(Instant now);
  /// `text` is a threshold as scenarios write them. `unset`: it, or the one with the same figure,
  /// counts no more.
  ThresholdAnswer on_threshold_change(const std::string& text, bool unset, Instant now);
  /// What thresholds are resolved from, once all agents are ready; for runs that are not plain.
  void resolve_thresholds_by(ThresholdInputs inputs) { threshold_inputs_ = std::move(inputs); }
  /// What the link turned away so far, for the record.
  void on_turned_away(const actors::LinkCounters& counters);

  RunStage stage(Instant now) const;
  bool finished() const { return finished_; }
  /// Since the common start; zero before it.
  nanoseconds elapsed(Instant now) const;
  /// Agents are in it from the end of the gathering on.
  const RunRecord& record() const { return run_.so_far(); }
  RunRecord final_record() const { return run_.record(); }
  const AgentRoster& roster() const { return roster_; }
  const AgentGathering& gathering() const { return gathering_; }
  /// Everybody who is there or was, as told to whoever asks.
  actors::Roster who(Instant now) const;
  /// Whether what broke the run is for the user to mend (exit 2) or not (exit 1).
  bool broken_by_user() const { return broken_by_user_; }

 private:
  // ---- what is written down, now or before this process began
  void keep(actors::RunEntry&& entry);
  void absorb(const actors::RunEntry& entry);
  void remember(const actors::AgentJoined& entry);
  void remember(const actors::ShareDealt& entry) { moves_.deal(entry.agent, entry.share); }
  void remember(const actors::AgentReady& entry) { roster_.mark_ready(roster_.at(entry.agent)); }
  void remember(const actors::StartDecided& entry);
  void remember(const actors::AgentStarted& entry) { roster_.at(entry.agent).started = true; }
  void remember(const actors::BatchKept& entry) { roster_.at(entry.agent).started = true; }
  void remember(const actors::SealKept& entry) { roster_.mark_sealed(roster_.at(entry.agent)); }
  void remember(const actors::AgentGivenUp& entry);
  void remember(const actors::ShareMoved& entry) { moves_.moved(entry); }
  void remember(const actors::ShareTaken& entry) { moves_.took_over(entry.agent, entry.number); }
  void remember(const actors::LoadStopped& entry);
  void remember(const actors::RunFinished&) { finished_ = true; }
  void remember(const actors::RunOpened&) {}
  void remember(const actors::ThresholdsResolved&) {}
  void remember(const actors::ThresholdSet&) {}
  void remember(const actors::ThresholdUnset&) {}
  void remember(const actors::LoadAborted&) {}
  void remember(const actors::CoordinatorResumed&) {}

  // ---- agents of this run
  void handle(RosterEntry& agent, const actors::Hello&, Instant now);
  void handle(RosterEntry& agent, actors::Ready& message, Instant now);
  void handle(RosterEntry& agent, actors::PrepareFailed& message, Instant now);
  void handle(RosterEntry& agent, actors::Started& message, Instant now);
  void handle(RosterEntry& agent, actors::MetricsBatch& message, Instant now);
  void handle(RosterEntry& agent, actors::Heartbeat& message, Instant now);
  void handle(RosterEntry& agent, actors::Sealed& message, Instant now);
  void handle(RosterEntry& agent, actors::ClockProbe& message, Instant now);
  void handle(RosterEntry& agent, actors::TookOver& message, Instant now);
  void handle(RosterEntry&, actors::AskRoster&, Instant) {}  // answered before
  void hear_lost(RosterEntry& agent, actors::AgentMessage& message, Instant now);
  void on_error_of(RosterEntry& agent, const std::string& why, Instant now);
  void hear_unwritten(RosterEntry& agent, const actors::AgentMessage& message, Instant now);

  // ---- others
  void greet(const actors::PeerId& peer, const std::string& identity, std::uint64_t epoch,
             const std::string& run, const actors::Hello& hello, Instant now);
  void replace(RosterEntry& agent, const actors::PeerId& peer, std::uint64_t epoch,
               const actors::Hello& hello, Instant now);
  void hear_late(const actors::PeerId& peer, std::uint64_t epoch,
                 const actors::AgentMessage& message);
  /// Strangers, and those who are believed no more, get few answers in all.
  void reject(const actors::PeerId& peer, std::uint64_t epoch, actors::Rejected why, Instant now);

  // ---- the course of the run
  void begin_preparing(Instant now);
  void start_when_ready(Instant now);
  void tick_load(Instant now);
  void move_shares(Instant now);
  void abort_when_due(Instant now);
  void lose(RosterEntry& agent, const std::string& why, Instant now);
  void fail(const std::string& why, Instant now);
  void break_run(const std::string& why, bool by_user, Instant now);
  void stop_load(bool interrupted, const std::string& why, nanoseconds grace, Instant now);
  void finish_when_sealed(Instant now);
  void finish(Instant now);
  void go_on(const std::vector<actors::RunEntry>& entries, const std::string& boot, Instant now);

  // ---- what is said
  void say(const RosterEntry& agent, actors::CoordinatorMessage message);
  void say_to(const actors::PeerId& peer, std::uint64_t epoch, actors::CoordinatorMessage message);
  void say_start(const RosterEntry& agent, Instant now);
  void say_stop(const RosterEntry& agent, Instant now);
  void say_acknowledged(RosterEntry& agent, Instant now);
  void say_what_is_kept(RosterEntry& agent, Instant now);
  std::uint64_t tell_kept(RosterEntry& agent, Instant now);
  Steps taken();

  bool loading() const { return before_start_ == RunStage::starting; }  // or about to
  Instant plan_end() const;
  bool someone_hands_over(Instant now) const;
  const AgentRecord& record_of(const RosterEntry& agent) const;
  const std::string& name_of(const RosterEntry& agent) const;

  RunReplay run_;
  ThresholdInputs threshold_inputs_;
  actors::FabricTimes times_;
  std::string host_;
  AgentGathering gathering_;
  AgentRoster roster_;
  ShareMoves moves_;
  AnswerAllowance allowance_;
  Steps steps_;

  RunStage before_start_ = RunStage::gathering;
  Instant prepared_since_;
  Instant start_;  // common start, on the coordinator's clock
  Instant last_tick_;
  bool stopping_ = false;
  Instant give_up_at_;          // once stopping: what is not sealed by then is lost
  bool stopped_early_ = false;  // before the plan was done
  Instant early_stop_end_;      // what is open may finish until then
  std::string unwritten_;       // why nothing can be written down any more
  bool finished_ = false;
  bool broken_by_user_ = false;
};

}  // namespace squall::coordinator
