#pragma once
// What an agent decides during one run: a plain state machine without actors, sockets or clocks.
//
// Events go in with the time at which they happened; what is to be done comes out as effects, in
// order. The agent starts requests only while its lease lasts: without a word from the coordinator
// it stops by itself. Life:
//
//   greet -> prepare -> calibrate -> ready -> run -> stop -> drain -> check -> seal -> done
//
// Calibrating takes about a second, after target and clock are ready and while nothing else runs.
// Checking re-asks sampled prompts, only after a load that ended by plan; it takes
// AccuracyCheck::time_limit at most, and the coordinator has to wait so much longer for the seal.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/bridge/clock_offset.hpp"
#include "actors/messages.hpp"
#include "scenarios/load/load_plan.hpp"

namespace squall::agents {

using actors::Instant;
using std::chrono::nanoseconds;

/// What preparing the target told about it.
struct PreparedTarget {
  std::string model_name, model_fingerprint;
  bool model_is_synthetic = false;
  std::string instruction_set;
  std::uint32_t threads = 0;
  nanoseconds load_time{0};
  std::string model_choice{}, model_origin{};
  std::vector<std::string> warnings{};
  std::string kind{"engine"};  // "engine", "openai", "simulated"
  bool simulated = false;
  std::string origin{};  // URL without credentials; engine: empty
  std::string token_counts{};
};

namespace effect {
struct Send {
  actors::AgentMessage message;
};
struct PrepareTarget {
  std::shared_ptr<const scenarios::Scenario> scenario;
  std::string folder;
  scenarios::AgentShare share;
  std::shared_ptr<const scenarios::Trace> trace{};  // of a replay, else none
};
struct BeginLoad {
  std::shared_ptr<const scenarios::Scenario> scenario;
  std::shared_ptr<const scenarios::LoadPlan> plan;
  Instant start;
};
struct Calibrate {  // answered by on_calibrated
  scenarios::TargetKind target;
};
struct StopUsers {};  // nothing new starts; answered by on_users_stopped
struct AbandonOpen {
  actors::RequestOutcome outcome;
};
struct CheckAnswers {  // re-ask sampled prompts; answered by on_answers_checked
  Instant until;       // when that has passed, at once
};
struct TakeSnapshot {
  Instant until;
};
struct Warn {  // a person at this agent should know
  std::string what;
};
struct Leave {
  int exit_code = 0;
  std::string why;  // empty when all is well
};
}  // namespace effect

using AgentEffect =
    std::variant<effect::Send, effect::PrepareTarget, effect::Calibrate, effect::BeginLoad,
                 effect::StopUsers, effect::AbandonOpen, effect::CheckAnswers, effect::TakeSnapshot,
                 effect::Warn, effect::Leave>;
using AgentEffects = std::vector<AgentEffect>;

class AgentRun {
 public:
  AgentRun(actors::Hello hello, Instant now);

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
  AgentEffects on_interrupt();
  /// `due`: when this tick was meant to happen; the difference is the agent's own lag.
  AgentEffects on_tick(Instant due, Instant now);

  /// When on_tick should be called next: soon, and exactly at the ends of seconds and phases.
  Instant next_tick(Instant now) const;

  const std::string& run() const { return run_; }

 private:
  enum class Stage {
    greeting,
    preparing,
    calibrating,
    ready,
    running,
    stopping,
    draining,
    checking,
    sealing,
    done
  };

  AgentEffects handle(const actors::Rejected& message, Instant now);
  AgentEffects handle(const actors::Prepare& message, Instant now);
  AgentEffects handle(const actors::StartAt& message, Instant now);
  AgentEffects handle(const actors::LeaseRenewed& message, Instant now);
  AgentEffects handle(const actors::BatchAcknowledged& message, Instant now);
  AgentEffects handle(const actors::StopLoad& message, Instant now);
  AgentEffects handle(const actors::SealAcknowledged& message, Instant now);
  AgentEffects handle(const actors::ClockReply& message, Instant now);

  void tick_while_connecting(Instant now, AgentEffects& effects);
  void tick_while_running(Instant now, AgentEffects& effects);
  void tick_while_emptying(Instant now, AgentEffects& effects);
  void check_lease(Instant now, AgentEffects& effects);
  void calibrate_when_prepared(AgentEffects& effects);
  void send_ready(AgentEffects& effects) const;
  void stop_load(nanoseconds grace, Instant now, AgentEffects& effects);
  void after_the_drain(Instant now, AgentEffects& effects);
  void seal(Instant now, AgentEffects& effects);
  void request_snapshot(Instant until, AgentEffects& effects);
  void resend_batches(Instant now, AgentEffects& effects);
  void forget_acknowledged(std::uint64_t sequence);
  Instant next_boundary() const;
  AgentEffects leave(int exit_code, std::string why);

  actors::Hello hello_;
  std::string run_;
  Stage stage_ = Stage::greeting;
  std::shared_ptr<const scenarios::Scenario> scenario_;
  std::shared_ptr<const scenarios::LoadPlan> plan_;
  std::uint64_t plan_fingerprint_ = 0;
  std::optional<PreparedTarget> target_;
  actors::Calibration calibration_;
  actors::ClockOffset clock_;
  std::size_t probes_sent_ = 0;

  Instant last_heard_;  // any message of the coordinator renews the lease
  Instant last_sent_beat_;
  Instant last_hello_;
  nanoseconds worst_lag_{0};  // of the load, since the last snapshot
  nanoseconds lag_of_beat_{0};
  int protocol_errors_ = 0;

  Instant start_;           // common start, on this agent's clock
  Instant snapshot_until_;  // end of the newest requested snapshot
  bool snapshot_pending_ = false;
  bool users_stopped_ = false;
  bool abandoned_ = false;
  actors::RequestOutcome abandon_as_ = actors::OpenAtEnd{};  // what is open when the drain ends
  Instant drain_end_;
  bool answers_checked_ = false;
  bool last_snapshot_ = false;  // the pending one holds all that the check has found
  Instant check_end_;

  std::deque<actors::MetricsBatch> unacknowledged_;
  std::uint64_t batches_ = 0;
  Instant last_resend_;
  Instant last_seal_;
  std::array<actors::Ledger, actors::phase_count> totals_;
};

}  // namespace squall::agents
