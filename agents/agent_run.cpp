#include "agents/agent_run.hpp"

#include <algorithm>
#include <cassert>
#include <filesystem>
#include <utility>

#include "scenarios/datasets/dataset_error.hpp"
#include "scenarios/datasets/trace_reader.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::agents {

using namespace std::chrono_literals;
using namespace actors;

namespace {

constexpr auto hello_interval = 500ms;
constexpr auto beat_interval = 1s;
constexpr auto probe_interval = 20ms;
constexpr std::size_t probe_count = 16;
constexpr auto lease = 3s;          // without a word for so long, nothing new starts
constexpr auto silence_limit = 5s;  // and then the agent gives up
constexpr auto greeting_limit = 15s;
constexpr auto resend_interval = 1s;
constexpr std::size_t unacknowledged_limit = 32;
constexpr auto drain_snapshot_interval = 200ms;
constexpr auto check_snapshot_interval = 1s;
constexpr auto check_grace = 2s;  // for the word that the check is over, after its time
constexpr auto idle_tick = 100ms;
constexpr int protocol_error_limit = 8;

}  // namespace

AgentRun::AgentRun(Hello hello, Instant now)
    : hello_(std::move(hello)), last_heard_(now), last_sent_beat_(now), last_hello_(now - 1h) {}

AgentEffects AgentRun::leave(int exit_code, std::string why) {
  stage_ = Stage::done;
  AgentEffects effects;
  effects.emplace_back(effect::Leave{exit_code, std::move(why)});
  return effects;
}

// ---- what the coordinator says

AgentEffects AgentRun::on_message(const CoordinatorMessage& message, const std::string& run,
                                  Instant now) {
  if (stage_ == Stage::done) return {};
  last_heard_ = now;
  if (run_.empty()) run_ = run;
  if (run != run_) return {};  // left over from another run
  return std::visit([&](const auto& each) { return handle(each, now); }, message);
}

AgentEffects AgentRun::handle(const Rejected& message, Instant) {
  return leave(1, "the coordinator refused this agent: " + message.reason);
}

AgentEffects AgentRun::handle(const Prepare& message, Instant) {
  if (stage_ != Stage::greeting) return {};
  stage_ = Stage::preparing;
  const auto folder = std::filesystem::path(message.scenario_file).parent_path();
  try {
    scenario_ = std::make_shared<const scenarios::Scenario>(
        scenarios::parse_scenario(message.scenario_text, message.scenario_file));
    std::shared_ptr<const scenarios::Trace> trace;
    if (const auto* replay = std::get_if<scenarios::TraceReplay>(&scenario_->load))
      trace = scenarios::load_trace(folder / replay->file, *replay);
    plan_ = std::make_shared<const scenarios::LoadPlan>(
        scenarios::make_load_plan(*scenario_, message.share, std::move(trace)));
    plan_fingerprint_ = scenarios::fingerprint(*scenario_, *plan_);
  } catch (const scenarios::ScenarioError& error) {
    return on_target_failed(error.what(), true);
  } catch (const scenarios::DatasetError& error) {
    return on_target_failed(error.what(), true);
  }
  return {effect::PrepareTarget{scenario_, folder.string(), message.share, plan_->trace}};
}

AgentEffects AgentRun::handle(const StartAt& message, Instant now) {
  if (stage_ != Stage::ready) return {};
  stage_ = Stage::running;
  start_ = Instant(nanoseconds(message.instant)) - clock_.offset();
  snapshot_until_ = start_;
  last_resend_ = now;
  return {effect::BeginLoad{scenario_, plan_, start_}};
}

AgentEffects AgentRun::handle(const LeaseRenewed& message, Instant) {
  forget_acknowledged(message.acknowledged_batch);
  return {};
}

AgentEffects AgentRun::handle(const BatchAcknowledged& message, Instant) {
  forget_acknowledged(message.sequence);
  return {};
}

AgentEffects AgentRun::handle(const StopLoad& message, Instant now) {
  AgentEffects effects;
  switch (stage_) {
    case Stage::greeting:
    case Stage::preparing:
    case Stage::calibrating:
    case Stage::ready:
      return leave(0, "");
    case Stage::running:
      if (now < start_) return leave(0, "");
      [[fallthrough]];
    case Stage::stopping:
    case Stage::draining:
      abandon_as_ = Cancelled{};
      stop_load(message.grace, now, effects);
      break;
    case Stage::checking:  // what has been compared by now counts
      effects.push_back(effect::CheckAnswers{now});
      effects.push_back(effect::AbandonOpen{Cancelled{}});
      check_end_ = std::min(check_end_, now + check_grace);
      break;
    case Stage::sealing:
    case Stage::done:
      break;
  }
  return effects;
}

AgentEffects AgentRun::handle(const SealAcknowledged&, Instant) {
  if (stage_ != Stage::sealing) return {};
  return leave(0, "");
}

AgentEffects AgentRun::handle(const ClockReply& message, Instant now) {
  clock_.add({.sent = Instant(nanoseconds(message.sent)),
              .received = Instant(nanoseconds(message.received)),
              .replied = Instant(nanoseconds(message.replied)),
              .arrived = now});
  AgentEffects effects;
  calibrate_when_prepared(effects);
  return effects;
}

AgentEffects AgentRun::on_protocol_error(const std::string& why) {
  if (stage_ == Stage::done) return {};
  // The first answer that cannot be read is that of another version, or of something else entirely.
  const int limit = stage_ == Stage::greeting ? 1 : protocol_error_limit;
  if (++protocol_errors_ < limit) return {};
  return leave(1, "cannot talk to the coordinator: " + why);
}

// ---- preparing

AgentEffects AgentRun::on_target_ready(const PreparedTarget& target, Instant) {
  target_ = target;
  AgentEffects effects;
  for (const std::string& warning : target.warnings) effects.push_back(effect::Warn{warning});
  calibrate_when_prepared(effects);
  return effects;
}

AgentEffects AgentRun::on_target_failed(const std::string& message, bool user_can_fix) {
  AgentEffects effects{effect::Send{PrepareFailed{message, user_can_fix}}};
  stage_ = Stage::done;
  effects.push_back(effect::Leave{user_can_fix ? 2 : 1, message});
  return effects;
}

void AgentRun::calibrate_when_prepared(AgentEffects& effects) {
  if (stage_ != Stage::preparing || !target_ || clock_.samples() < probe_count) return;
  stage_ = Stage::calibrating;
  effects.push_back(effect::Calibrate{scenario_->target.kind});
}

AgentEffects AgentRun::on_calibrated(const Calibration& calibration) {
  AgentEffects effects;
  if (stage_ != Stage::calibrating) return effects;  // has left meanwhile
  calibration_ = calibration;
  stage_ = Stage::ready;
  send_ready(effects);
  return effects;
}

void AgentRun::send_ready(AgentEffects& effects) const {
  effects.push_back(effect::Send{Ready{
      .plan_fingerprint = plan_fingerprint_,
      .planned_requests = plan_->arrivals,
      .planned_users = plan_->users.size(),
      .model_name = target_->model_name,
      .model_fingerprint = target_->model_fingerprint,
      .model_is_synthetic = target_->model_is_synthetic,
      .model_choice = target_->model_choice,
      .model_origin = target_->model_origin,
      .instruction_set = target_->instruction_set,
      .engine_threads = target_->threads,
      .load_time = target_->load_time,
      .clock_error_bound = clock_.error_bound(),
      .warnings = target_->warnings,
      .target_kind = target_->kind,
      .target_is_simulated = target_->simulated,
      .target_origin = target_->origin,
      .token_counts = target_->token_counts,
      .calibration = calibration_,
  }});
}

// ---- the load

AgentEffects AgentRun::on_first_start(nanoseconds error) { return {effect::Send{Started{error}}}; }

void AgentRun::stop_load(nanoseconds grace, Instant now, AgentEffects& effects) {
  if (stage_ == Stage::running) {
    stage_ = Stage::stopping;
    drain_end_ = now + grace;
    effects.push_back(effect::StopUsers{});
  } else {
    drain_end_ = std::min(drain_end_, now + grace);
  }
}

AgentEffects AgentRun::on_users_stopped(Instant) {
  if (stage_ != Stage::stopping) return {};  // has left meanwhile
  stage_ = Stage::draining;
  users_stopped_ = true;
  return {};
}

void AgentRun::request_snapshot(Instant until, AgentEffects& effects) {
  snapshot_pending_ = true;
  snapshot_until_ = until;
  effects.push_back(effect::TakeSnapshot{until});
}

AgentEffects AgentRun::on_snapshot(MetricsSnapshot snapshot, Instant now) {
  snapshot_pending_ = false;
  snapshot.loop_lag = std::exchange(worst_lag_, nanoseconds{0});
  const auto started = std::upper_bound(
      plan_->users.begin(), plan_->users.end(), snapshot.to,
      [](nanoseconds to, const scenarios::PlannedUser& user) { return to < user.start; });
  snapshot.active_users = static_cast<std::uint32_t>(started - plan_->users.begin());
  for (std::size_t phase = 0; phase < phase_count; ++phase)
    totals_[phase] += snapshot.phases[phase].ledger;

  // Users were told to stop and have all answered before this snapshot was asked for, so an empty
  // engine now stays empty.
  const bool complete = stage_ == Stage::draining && users_stopped_ && snapshot.in_flight == 0;

  unacknowledged_.push_back({++batches_, std::move(snapshot)});
  AgentEffects effects;
  if (unacknowledged_.size() <= unacknowledged_limit)
    effects.push_back(effect::Send{unacknowledged_.back()});
  if (complete) after_the_drain(now, effects);
  if (stage_ == Stage::checking && last_snapshot_) seal(now, effects);
  return effects;
}

// A load that was broken off is not checked: whoever stopped it wants the end.
void AgentRun::after_the_drain(Instant now, AgentEffects& effects) {
  const bool by_plan = std::holds_alternative<OpenAtEnd>(abandon_as_);
  if (scenario_->accuracy.sample <= 0 || !by_plan) return seal(now, effects);
  stage_ = Stage::checking;
  const Instant until = now + scenario_->accuracy.time_limit;
  check_end_ = until + check_grace;
  effects.push_back(effect::CheckAnswers{until});
}

AgentEffects AgentRun::on_answers_checked(Instant now) {
  AgentEffects effects;
  if (stage_ != Stage::checking || answers_checked_) return effects;
  answers_checked_ = true;
  tick_while_emptying(now, effects);
  return effects;
}

void AgentRun::seal(Instant now, AgentEffects& effects) {
  stage_ = Stage::sealing;
  last_seal_ = now;
  effects.push_back(effect::Send{Sealed{batches_, totals_}});
}

void AgentRun::forget_acknowledged(std::uint64_t sequence) {
  while (!unacknowledged_.empty() && unacknowledged_.front().sequence <= sequence)
    unacknowledged_.pop_front();
}

AgentEffects AgentRun::on_interrupt() { return leave(130, "interrupted"); }

// ---- time

Instant AgentRun::next_boundary() const {
  const auto warm_up_end = start_ + scenario_->phases.warm_up;
  const auto stop = start_ + plan_->stop;
  const auto seconds_done = std::chrono::floor<std::chrono::seconds>(snapshot_until_ - start_);
  Instant next = start_ + seconds_done + 1s;
  for (const Instant edge : {warm_up_end, stop})
    if (edge > snapshot_until_) next = std::min(next, edge);
  return next;
}

Instant AgentRun::next_tick(Instant now) const {
  const bool probing = stage_ == Stage::preparing && probes_sent_ < probe_count;
  Instant next = now + (probing ? nanoseconds(probe_interval) : nanoseconds(idle_tick));
  if (stage_ == Stage::running && !snapshot_pending_)
    next = std::max(now, std::min(next, next_boundary()));
  return next;
}

AgentEffects AgentRun::on_tick(Instant due, Instant now) {
  AgentEffects effects;
  if (stage_ == Stage::done) return effects;
  const nanoseconds lag = now - due;
  // Before the load, preparing may keep this thread for long; that delays nothing that is measured.
  if (start_ != Instant{} && due >= start_) worst_lag_ = std::max(worst_lag_, lag);
  lag_of_beat_ = std::max(lag_of_beat_, lag);
  tick_while_connecting(now, effects);
  tick_while_running(now, effects);
  tick_while_emptying(now, effects);
  if (stage_ != Stage::greeting && now - last_sent_beat_ >= beat_interval) {
    last_sent_beat_ = now;
    effects.push_back(effect::Send{Heartbeat{std::exchange(lag_of_beat_, nanoseconds{0})}});
    if (stage_ == Stage::ready) send_ready(effects);  // again, in case it or its answer was lost
  }
  resend_batches(now, effects);
  check_lease(now, effects);
  return effects;
}

void AgentRun::tick_while_connecting(Instant now, AgentEffects& effects) {
  if (stage_ == Stage::greeting && now - last_hello_ >= hello_interval) {
    last_hello_ = now;
    effects.push_back(effect::Send{hello_});
  }
  // Probes that got lost are replaced: keep asking until enough were answered.
  if (stage_ == Stage::preparing && clock_.samples() < probe_count) {
    ++probes_sent_;
    effects.push_back(effect::Send{ClockProbe{now.time_since_epoch().count()}});
  }
}

void AgentRun::tick_while_running(Instant now, AgentEffects& effects) {
  if (stage_ == Stage::running) {
    if (!snapshot_pending_ && now >= next_boundary()) request_snapshot(next_boundary(), effects);
    if (now >= start_ + plan_->stop) {
      stop_load(scenario_->phases.drain, start_ + plan_->stop, effects);
    }
  }
}

void AgentRun::tick_while_emptying(Instant now, AgentEffects& effects) {
  if (stage_ == Stage::draining) {
    if (now >= drain_end_ && !abandoned_) {
      abandoned_ = true;
      effects.push_back(effect::AbandonOpen{abandon_as_});
    }
    if (!snapshot_pending_ && now - snapshot_until_ >= drain_snapshot_interval)
      request_snapshot(now, effects);
  } else if (stage_ == Stage::checking && !snapshot_pending_) {
    if (now >= check_end_) answers_checked_ = true;
    if (!answers_checked_ && now - snapshot_until_ < check_snapshot_interval) return;
    last_snapshot_ = answers_checked_;
    request_snapshot(now, effects);
  }
}

void AgentRun::resend_batches(Instant now, AgentEffects& effects) {
  if (stage_ < Stage::running || now - last_resend_ < resend_interval) return;
  last_resend_ = now;
  // The newest batch may simply be on its way; what is older was lost, or its answer was.
  const std::size_t count = std::min(unacknowledged_.size(), unacknowledged_limit);
  for (std::size_t i = 0; i + 1 < count || (stage_ == Stage::sealing && i < count); ++i)
    effects.push_back(effect::Send{unacknowledged_[i]});
  if (stage_ == Stage::sealing && now - last_seal_ >= resend_interval) {
    last_seal_ = now;
    effects.push_back(effect::Send{Sealed{batches_, totals_}});
  }
}

void AgentRun::check_lease(Instant now, AgentEffects& effects) {
  const auto silence = now - last_heard_;
  if (stage_ == Stage::greeting) {
    if (silence >= greeting_limit)
      effects.push_back(leave(1, "no coordinator answered within 15 s").front());
    return;
  }
  if (stage_ == Stage::running && silence >= lease && silence < silence_limit) {
    abandon_as_ = Cancelled{};
    stop_load(nanoseconds{0}, now, effects);
  }
  if (silence >= silence_limit)
    effects.push_back(
        leave(1, "the coordinator has been silent for 5 s; this agent stopped its load").front());
}

}  // namespace squall::agents
