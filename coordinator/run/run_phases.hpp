#pragma once
// What the coordinator decides during one run: a plain state machine without actors, sockets or
// clocks. Events go in with the time at which they happened; what to say comes out.
//
//   gather -> prepare -> start -> warm up -> measure -> drain -> seal -> finished

#include <string>
#include <utility>
#include <vector>

#include "actors/messages.hpp"
#include "coordinator/run/agent_roster.hpp"
#include "coordinator/run/run_record.hpp"
#include "coordinator/run/run_stage.hpp"

namespace squall::coordinator {

struct ToAgent {
  actors::PeerId peer;
  std::uint64_t epoch = 0;
  actors::CoordinatorMessage message;
};
using ToAgents = std::vector<ToAgent>;

class RunPhases {
 public:
  /// `record` has its identity and scenario filled in; `agents` is how many take part.
  RunPhases(RunRecord record, std::size_t agents, Instant now);

  ToAgents on_message(const actors::PeerId& peer, std::uint64_t epoch, const std::string& run,
                      const actors::AgentMessage& message, Instant now);
  ToAgents on_protocol_error(const actors::PeerId& peer, const std::string& why, Instant now);
  /// A local agent's process ended; `how` says so in words ("killed by signal 9").
  ToAgents on_process_ended(std::uint64_t process_id, const std::string& how, Instant now);
  ToAgents on_interrupt(Instant now);
  ToAgents on_tick(Instant now);

  RunStage stage(Instant now) const;
  bool finished() const { return finished_; }
  /// Since the common start; zero before it.
  nanoseconds elapsed(Instant now) const;
  const RunRecord& record() const { return record_; }
  const AgentRoster& roster() const { return roster_; }
  /// The record with every agent in it, for when the run is finished.
  RunRecord final_record() const;
  /// Whether what broke the run is for the user to mend (exit 2) or not (exit 1).
  bool broken_by_user() const { return broken_by_user_; }

 private:
  void handle(RosterEntry& agent, const actors::Hello& message, Instant now, ToAgents& out);
  void handle(RosterEntry& agent, const actors::Ready& message, Instant now, ToAgents& out);
  void handle(RosterEntry& agent, const actors::PrepareFailed& message, Instant now, ToAgents& out);
  void handle(RosterEntry& agent, const actors::Started& message, Instant now, ToAgents& out);
  void handle(RosterEntry& agent, const actors::MetricsBatch& message, Instant now, ToAgents& out);
  void handle(RosterEntry& agent, const actors::Heartbeat& message, Instant now, ToAgents& out);
  void handle(RosterEntry& agent, const actors::Sealed& message, Instant now, ToAgents& out);
  void handle(RosterEntry& agent, const actors::ClockProbe& message, Instant now, ToAgents& out);

  void answer_latecomer(const actors::PeerId& peer, std::uint64_t epoch,
                        const actors::AgentMessage& message, ToAgents& out);
  ToAgent prepare_order(const RosterEntry& agent) const;
  ToAgent start_order(const RosterEntry& agent) const;
  void start_when_ready(Instant now, ToAgents& out);
  void agent_lost(const RosterEntry& agent, Instant now, ToAgents& out);
  void stop_early(nanoseconds grace, Instant now, ToAgents& out);
  void break_run(std::string why, bool by_user, Instant now, ToAgents& out);
  nanoseconds limit_of_preparing() const;
  nanoseconds asking_again() const;  // at most, after the drain
  void finish_when_sealed();

  RunRecord record_;
  AgentRoster roster_;
  RunStage before_start_ = RunStage::gathering;
  Instant created_;
  Instant prepared_since_;
  Instant start_;  // common start, on the coordinator's clock
  Instant last_tick_;
  Instant give_up_at_;  // once stopping: what is not sealed by then is lost
  bool stopping_ = false;
  bool stopped_early_ = false;  // before the plan was done
  Instant early_stop_end_;      // what is open may finish until then
  bool finished_ = false;
  bool broken_by_user_ = false;
};

}  // namespace squall::coordinator
