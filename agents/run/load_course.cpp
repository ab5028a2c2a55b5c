#include "agents/run/load_course.hpp"

#include <algorithm>
#include <utility>

namespace squall::agents {

using namespace std::chrono_literals;
using namespace actors;

namespace {

constexpr auto drain_snapshot_interval = 200ms;
constexpr auto check_snapshot_interval = 1s;
constexpr const char* unchecked = "answers are not checked: the coordinator is silent";
constexpr auto check_grace = 2s;  // for the word that the check is over, after its time

}  // namespace

LoadCourse::LoadCourse(std::shared_ptr<const scenarios::Scenario> scenario, Instant start,
                       Instant stop)
    : scenario_(std::move(scenario)), start_(start), stop_(stop), snapshot_until_(start) {}

std::optional<Instant> LoadCourse::next_cut() const {
  if (stage_ != Stage::running || snapshot_pending_) return std::nullopt;
  return next_boundary();
}

Instant LoadCourse::next_boundary() const {
  const auto warm_up_end = start_ + scenario_->phases.warm_up;
  const auto seconds_done = std::chrono::floor<std::chrono::seconds>(snapshot_until_ - start_);
  Instant next = start_ + seconds_done + 1s;
  for (const Instant edge : {warm_up_end, stop_})
    if (edge > snapshot_until_) next = std::min(next, edge);
  return next;
}

void LoadCourse::take_snapshot(Instant until, AgentEffects& effects) {
  snapshot_pending_ = true;
  snapshot_until_ = until;
  effects.push_back(effect::TakeSnapshot{until});
}

// ---- time

void LoadCourse::on_tick(Instant now, AgentEffects& effects) {
  if (stage_ == Stage::running) {
    if (!snapshot_pending_ && now >= next_boundary()) take_snapshot(next_boundary(), effects);
    if (now >= stop_) stop_users(scenario_->phases.drain, stop_, effects);
  } else if (stage_ == Stage::draining) {
    if (now >= drain_end_ && !abandoned_) {
      abandoned_ = true;
      effects.push_back(effect::AbandonOpen{abandon_as_});
    }
    if (!snapshot_pending_ && now - snapshot_until_ >= drain_snapshot_interval)
      take_snapshot(now, effects);
  } else if (stage_ == Stage::checking && !snapshot_pending_) {
    if (now >= check_end_) answers_checked_ = true;
    if (!answers_checked_ && now - snapshot_until_ < check_snapshot_interval) return;
    last_snapshot_ = answers_checked_;
    take_snapshot(now, effects);
  }
}

// ---- the end of the load

void LoadCourse::stop_users(nanoseconds grace, Instant at, AgentEffects& effects) {
  stage_ = Stage::stopping;
  stopped_ = at;
  drain_end_ = at + grace;
  effects.push_back(effect::StopUsers{});
}

// Where the drain ends by plan before the grace does, its end stays that of the plan.
bool LoadCourse::break_off(nanoseconds grace, Instant now, AgentEffects& effects) {
  if (stage_ == Stage::checking) end_check(now, effects);
  if (stage_ == Stage::checking || stage_ == Stage::over) return false;
  broken_off_ = true;
  if (stage_ != Stage::running && now + grace >= drain_end_) return false;
  abandon_as_ = Cancelled{};
  if (stage_ == Stage::running) stop_users(grace, now, effects);
  drain_end_ = now + grace;
  return true;
}

void LoadCourse::on_users_stopped() {
  if (stage_ == Stage::stopping) stage_ = Stage::draining;
}

// Users were told to stop and have all answered before the snapshot was asked for, so an empty
// target then stays empty.
void LoadCourse::on_snapshot(std::uint32_t in_flight, bool leased, Instant now,
                             AgentEffects& effects) {
  snapshot_pending_ = false;
  if (stage_ == Stage::draining && in_flight == 0) {
    after_the_drain(leased, now, effects);
  } else if (stage_ == Stage::checking && last_snapshot_) {
    stage_ = Stage::over;
  }
}

// ---- the check

// A load that was broken off is not checked: whoever stopped it wants the end.
bool LoadCourse::wants_check() const { return scenario_->accuracy.sample > 0 && !broken_off_; }

void LoadCourse::tell_if_unchecked(MetricsSnapshot& snapshot, bool leased, Instant now) const {
  const bool ends = stage_ == Stage::draining && snapshot.in_flight == 0;
  if (ends && wants_check() && !leased && snapshot.events.size() < MetricsSnapshot::events_kept)
    snapshot.events.push_back({now - start_, unchecked});
}

void LoadCourse::after_the_drain(bool leased, Instant now, AgentEffects& effects) {
  stage_ = Stage::over;
  if (!wants_check()) return;
  if (!leased) {
    effects.push_back(effect::Warn{unchecked});
    return;
  }
  stage_ = Stage::checking;
  const Instant until = now + scenario_->accuracy.time_limit;
  check_end_ = until + check_grace;
  effects.push_back(effect::CheckAnswers{until});
}

void LoadCourse::on_answers_checked(Instant now, AgentEffects& effects) {
  if (stage_ != Stage::checking || answers_checked_) return;
  answers_checked_ = true;
  on_tick(now, effects);
}

void LoadCourse::end_check(Instant now, AgentEffects& effects) {
  effects.push_back(effect::CheckAnswers{now});
  effects.push_back(effect::AbandonOpen{Cancelled{}});
  check_end_ = std::min(check_end_, now + check_grace);
}

}  // namespace squall::agents
