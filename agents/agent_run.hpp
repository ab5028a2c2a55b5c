#pragma once
// What an agent decides during one run: a plain state machine without actors, sockets or clocks.
//
// Events go in with the time at which they happened; what is to be done comes out as effects, in
// order (run/agent_effects.hpp). The agent starts requests only while its lease lasts, keeps what
// it measured in its journal before it sends it, and goes by its plan whether or not anybody
// listens. Life:
//
//   greet -> prepare -> calibrate -> ready -> load -> seal -> done
//
// Calibrating takes about a second, after target and clock are ready and while nothing else runs.
// Its parts: run/lease (may requests start?), run/load_course (what the load does when),
// run/batch_outbox (what is sent and not yet acknowledged), run/reconnection (what silence means),
// run/clock_probes, run/preparation.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/fabric_times.hpp"
#include "actors/messages.hpp"
#include "agents/run/agent_effects.hpp"
#include "agents/run/batch_outbox.hpp"
#include "agents/run/clock_probes.hpp"
#include "agents/run/lease.hpp"
#include "agents/run/load_course.hpp"
#include "agents/run/preparation.hpp"
#include "agents/run/reconnection.hpp"

namespace squall::agents {

class AgentRun {
 public:
  /// `epoch`: of this start of the agent; envelopes carry it.
  AgentRun(actors::Hello hello, std::uint64_t epoch, actors::FabricTimes times, Instant now);

  /// Delivers what the journal of an agent holds that is no more, in its name and epoch, and seals
  /// it. Throws actors::JournalError for entries that are no agent's part in a run.
  static AgentRun handing_over(std::vector<actors::AgentEntry> entries, actors::FabricTimes times,
                               Instant now);

  /// What this machine is, for Ready.
  void tell_of_machine(scenarios::HardwareFacts facts) { hardware_ = std::move(facts); }

  AgentEffects on_message(const actors::CoordinatorMessage& message, const std::string& run,
                          Instant now);
  AgentEffects on_protocol_error(const std::string& why);
  AgentEffects on_target_ready(const PreparedTarget& target, Instant now);
  AgentEffects on_target_failed(const std::string& message, bool user_can_fix);
  AgentEffects on_calibrated(const actors::Calibration& calibration);
  AgentEffects on_first_start(nanoseconds error);
  AgentEffects on_users_stopped(Instant now);
  AgentEffects on_answers_checked(Instant now);
  AgentEffects on_snapshot(actors::MetricsSnapshot snapshot, Instant now);
  /// A Keep could not be done. From now on nothing is kept any more; what is known is still sent.
  AgentEffects on_journal_failed(const std::string& why, Instant now);
  /// Ends its part early and hands it over, if it began; leaves when that is done, or soon.
  AgentEffects on_asked_to_end(Instant now);
  AgentEffects on_interrupt();  // leaves at once
  /// `due`: when this tick was meant to happen; the difference is the agent's own lag.
  AgentEffects on_tick(Instant due, Instant now);

  /// When on_tick should be called next: soon, and exactly at the ends of seconds, of phases and of
  /// the lease.
  Instant next_tick(Instant now) const;

  /// What envelopes carry: empty before the agent takes part in a run.
  const std::string& run() const { return run_; }
  std::uint64_t epoch() const { return epoch_; }

 private:
  enum class Stage { greeting, preparing, calibrating, ready, loading, sealing, done };

  void handle(const actors::Rejected& message, Instant now, AgentEffects& effects);
  void handle(const actors::Prepare& message, Instant now, AgentEffects& effects);
  void handle(const actors::StartAt& message, Instant now, AgentEffects& effects);
  void handle(const actors::LeaseRenewed& message, Instant now, AgentEffects& effects);
  void handle(const actors::BatchAcknowledged& message, Instant now, AgentEffects& effects);
  void handle(const actors::StopLoad& message, Instant now, AgentEffects& effects);
  void handle(const actors::SealAcknowledged& message, Instant now, AgentEffects& effects);
  void handle(const actors::ClockReply& message, Instant now, AgentEffects& effects);
  void handle(const actors::TakeOver& message, Instant now, AgentEffects& effects);
  void handle(const actors::Roster&, Instant, AgentEffects&) {}

  void hear(Instant now, AgentEffects& effects);
  void greet_anew(Instant now, AgentEffects& effects);
  void greet_again_after_silence(Instant now, AgentEffects& effects);
  void give_up_after_long_silence(Instant now, AgentEffects& effects);
  void tick_with_a_run(Instant now, AgentEffects& effects);
  void beat(Instant now, AgentEffects& effects);
  void check_lease(Instant now, AgentEffects& effects);
  void on_lease_renewed(Instant now, AgentEffects& effects);
  void end_pauses_with_the_load();
  void calibrate_when_prepared(AgentEffects& effects);
  void send_ready(AgentEffects& effects) const;
  /// Null: it is too long for any message, and the part ends.
  void keep_batch(const actors::MetricsBatch* batch, Instant now, AgentEffects& effects);
  bool break_off(nanoseconds grace, Instant now, AgentEffects& effects) {
    const bool sooner = course_->break_off(grace, now, effects);
    end_pauses_with_the_load();
    return sooner;
  }
  void stopped_because(const std::string& why) {  // the first reason stays
    if (stopped_because_.empty()) stopped_because_ = why;
  }
  void seal_when_over(Instant now, AgentEffects& effects);
  void send_seal(Instant now, AgentEffects& effects);
  void keep(actors::AgentEntry entry, AgentEffects& effects) const;
  std::uint32_t active_users(nanoseconds since_start) const;
  void prepare_failed(const std::string& message, bool user_can_fix, AgentEffects& effects);
  void leave(int exit_code, std::string why, AgentEffects& effects);
  bool undelivered() const;

  actors::Hello hello_;
  std::uint64_t epoch_;
  actors::FabricTimes times_;
  std::string run_;
  Stage stage_ = Stage::greeting;
  PreparedShare share_;
  std::map<std::uint32_t, std::shared_ptr<const scenarios::LoadPlan>> taken_over_;  // by number
  std::optional<PreparedTarget> target_;
  actors::Calibration calibration_;
  std::optional<scenarios::HardwareFacts> hardware_;

  ClockProbes clock_;
  Lease lease_;
  PausedTime paused_;
  Reconnection watch_;
  BatchOutbox outbox_;
  std::optional<LoadCourse> course_;  // from the order to start on

  Instant waits_for_run_since_;
  Instant last_beat_, last_hello_;
  nanoseconds hello_pause_;
  std::string rejected_because_;
  nanoseconds worst_lag_{0};  // of the load, since the last snapshot
  nanoseconds lag_of_beat_{0};
  int protocol_errors_ = 0;
  std::optional<nanoseconds> start_error_;
  int start_error_tellings_ = 0;

  bool all_acknowledged_ = false;
  bool heard_ = false;       // anything of this run
  bool keeps_ = true;        // until the journal has failed
  bool hands_over_ = false;  // for an agent that is no more
  std::string stopped_because_;
  bool hurries_as_asked_ = false;   // what is open has less time because it was asked to end
  std::optional<Instant> ends_by_;  // asked to end: whatever is left then stays in the journal
  std::optional<actors::Sealed> sealed_;
  bool seal_kept_ = false;
  Instant last_seal_;
  std::optional<effect::Leave> left_;
};

}  // namespace squall::agents
