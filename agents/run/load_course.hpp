#pragma once
// The course of the load itself, from the common start to the last snapshot: when intervals are
// cut, when users stop, how long what is open may take, when sampled answers are checked.
//
//   running -> stopping -> draining -> checking -> over
//
// It goes by plan, whether or not anybody listens. Checking re-asks sampled prompts, only after a
// load that ended by plan and under a lease; it takes AccuracyCheck::time_limit at most.

#include <memory>

#include "agents/run/agent_effects.hpp"

namespace squall::agents {

class LoadCourse {
 public:
  /// `stop`: when the plan ends.
  LoadCourse(std::shared_ptr<const scenarios::Scenario> scenario, Instant start, Instant stop);

  void on_tick(Instant now, AgentEffects& effects);
  /// Nothing starts any more, and what is open has so long. False: it has no less time than before.
  bool break_off(nanoseconds grace, Instant now, AgentEffects& effects);
  void on_users_stopped();
  void on_answers_checked(Instant now, AgentEffects& effects);
  /// What has been compared by now counts.
  void end_check(Instant now, AgentEffects& effects);
  /// Where this snapshot ends the load, and answers that were to be checked are not: it says so.
  void tell_if_unchecked(actors::MetricsSnapshot& snapshot, bool leased, Instant now) const;
  /// The snapshot that was asked for; `in_flight` at its end. `leased`: requests may start.
  void on_snapshot(std::uint32_t in_flight, bool leased, Instant now, AgentEffects& effects);

  Instant start() const { return start_; }
  Instant stopped_at() const { return std::min(stopped_, stop_); }  // no start comes after it
  bool runs() const { return stage_ == Stage::running; }
  bool checks() const { return stage_ == Stage::checking; }
  bool over() const { return stage_ == Stage::over; }  // nothing more will be measured
  bool cut_off() const { return abandoned_ && broken_off_sooner(); }  // what was open, by break_off
  /// The next end of a second or of a phase, while one has to be waited for.
  std::optional<Instant> next_cut() const;

 private:
  enum class Stage { running, stopping, draining, checking, over };

  void stop_users(nanoseconds grace, Instant at, AgentEffects& effects);
  void take_snapshot(Instant until, AgentEffects& effects);
  Instant next_boundary() const;
  bool wants_check() const;
  bool broken_off_sooner() const { return std::holds_alternative<actors::Cancelled>(abandon_as_); }
  void after_the_drain(bool leased, Instant now, AgentEffects& effects);

  std::shared_ptr<const scenarios::Scenario> scenario_;
  Instant start_, stop_;
  Instant stopped_ = Instant::max();
  Stage stage_ = Stage::running;
  Instant snapshot_until_;  // end of the newest snapshot that was asked for
  bool snapshot_pending_ = false;
  bool broken_off_ = false;
  bool abandoned_ = false;
  actors::RequestOutcome abandon_as_ = actors::OpenAtEnd{};  // what is open when the drain ends
  Instant drain_end_;
  bool answers_checked_ = false;
  bool last_snapshot_ = false;  // the pending one holds all that the check has found
  Instant check_end_;
};

}  // namespace squall::agents
