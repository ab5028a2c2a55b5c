#include "agents/agent_run.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include "agents/run/left_part.hpp"

namespace squall::agents {

using namespace std::chrono_literals;
using namespace actors;

namespace {

constexpr auto hello_interval = 500ms;
constexpr auto seal_interval = 1s;
constexpr auto connecting_takes = 500ms;  // or less
constexpr auto idle_tick = 100ms;
constexpr auto own_stall = 500ms;  // a tick later than this is our own silence
constexpr auto end_grace = 2s;     // for what is in flight, when asked to end
constexpr auto end_patience = 8s;  // for all of it
constexpr const char* asked_to_end = "it was asked to end, on its own machine";
constexpr int protocol_error_limit = 8;
constexpr int start_error_repeats = 5;         // nobody acknowledges it, and it is worth little
constexpr std::size_t take_over_limit = 4096;  // in one run; nobody loses so many agents

double spread_of(std::uint64_t epoch) { return scenarios::Random(epoch, 1).uniform(); }

std::string in_seconds(nanoseconds duration) {
  std::ostringstream text;
  text.precision(3);
  text << std::chrono::duration<double>(duration).count() << " s";
  return text.str();
}

}  // namespace

AgentRun::AgentRun(Hello hello, std::uint64_t epoch, FabricTimes times, Instant now)
    : hello_(std::move(hello)),
      epoch_(epoch),
      times_(times),
      clock_(spread_of(epoch)),
      lease_(times.lease),
      watch_(times, epoch, now),
      waits_for_run_since_(now),
      last_beat_(now - 1h),
      last_hello_(now - 1h),
      hello_pause_(hello_interval) {}

AgentRun AgentRun::handing_over(std::vector<AgentEntry> entries, FabricTimes times, Instant now) {
  LeftPart part = left_part(std::move(entries));
  AgentRun run(std::move(part.opened.hello), part.opened.epoch, times, now);
  run.run_ = std::move(part.opened.run);
  run.stage_ = Stage::sealing;
  run.hands_over_ = true;
  run.watch_.expect_silence();
  run.outbox_ = std::move(part.outbox);
  run.sealed_ = std::move(part.sealed);
  run.seal_kept_ = part.had_sealed;
  return run;
}

bool AgentRun::undelivered() const {
  return !all_acknowledged_ && (outbox_.taken() > 0 || stage_ == Stage::sealing);
}

void AgentRun::leave(int exit_code, std::string why, AgentEffects& effects) {
  left_ = effect::Leave{exit_code, std::move(why), exit_code != 0 && undelivered()};
  stage_ = Stage::done;
  effects.emplace_back(*left_);
}

void AgentRun::keep(AgentEntry entry, AgentEffects& effects) const {
  if (keeps_) effects.emplace_back(effect::Keep{std::move(entry)});
}

// ---- what the coordinator says

AgentEffects AgentRun::on_message(const CoordinatorMessage& message, const std::string& run,
                                  Instant now) {
  AgentEffects effects;
  if (stage_ == Stage::done) return effects;
  if (!run_.empty() && run != run_) {  // left over from another run, or from its coordinator
    const auto* rejected = std::get_if<Rejected>(&message);
    if (rejected != nullptr && watch_.silent())
      leave(1, "another run is under way where this agent's coordinator was: " + rejected->reason,
            effects);
    return effects;
  }
  if (stage_ == Stage::greeting && std::holds_alternative<Prepare>(message)) run_ = run;
  if (stage_ == Stage::greeting && !std::holds_alternative<Rejected>(message))
    waits_for_run_since_ = now;
  hear(now, effects);
  check_lease(now, effects);
  std::visit([&](const auto& each) { handle(each, now, effects); }, message);
  return effects;
}

void AgentRun::hear(Instant now, AgentEffects& effects) {
  const bool was_silent = watch_.on_heard(now);
  if (stage_ == Stage::greeting) return;
  heard_ = true;
  if (!was_silent) return;
  effects.emplace_back(effect::Tell{"the coordinator answers"});
  outbox_.forget_what_was_sent();
}

void AgentRun::handle(const Rejected& message, Instant, AgentEffects& effects) {
  const std::string why = "the coordinator refused this agent: " + message.reason;
  if (stage_ != Stage::greeting || !message.may_come_again) return leave(1, why, effects);
  if (std::exchange(rejected_because_, message.reason) != message.reason)
    effects.emplace_back(effect::Tell{why + "; waiting for another run"});
  hello_pause_ = times_.reconnect_last;
}

void AgentRun::handle(const Prepare& message, Instant, AgentEffects& effects) {
  if (stage_ != Stage::greeting) return;
  stage_ = Stage::preparing;
  try {
    share_ = prepare_share(message, hello_.caps);
  } catch (const ShareRefused& refused) {
    return prepare_failed(refused.what(), true, effects);
  }
  keep(PartOpened{run_, epoch_, hello_, message.share}, effects);
  effects.emplace_back(
      effect::PrepareTarget{share_.scenario, share_.folder, message.share, share_.plan->trace});
  effects.emplace_back(
      effect::Tell{"prepares for run " + run_ + " (" + share_.scenario->name + ")"});
}

void AgentRun::handle(const StartAt& message, Instant now, AgentEffects& effects) {
  if (stage_ != Stage::ready) return;
  stage_ = Stage::loading;
  const Instant start = Instant(nanoseconds(message.instant)) - clock_.offset();
  course_.emplace(share_.scenario, start, start + share_.plan->stop);
  effects.emplace_back(effect::BeginLoad{share_.scenario, share_.plan, start});
  effects.emplace_back(effect::LeaseUntil{lease_.end()});
  effects.emplace_back(effect::Tell{"the load begins in " + in_seconds(start - now)});
  check_lease(now, effects);  // an order that comes late begins without delay
}

void AgentRun::handle(const LeaseRenewed& message, Instant now, AgentEffects& effects) {
  outbox_.acknowledge(message.acknowledged_batch);
  if (lease_.on_beat_answered(Instant(nanoseconds(message.beat_sent))) && lease_.holds(now))
    on_lease_renewed(now, effects);
  if (stage_ >= Stage::loading) outbox_.send_due(now, effects);
}

void AgentRun::handle(const BatchAcknowledged& message, Instant now, AgentEffects& effects) {
  outbox_.acknowledge(message.sequence);
  outbox_.send_due(now, effects);
}

void AgentRun::handle(const StopLoad& message, Instant now, AgentEffects& effects) {
  if (stage_ == Stage::sealing) return;
  if (stage_ != Stage::loading || now < course_->start()) return leave(0, "", effects);
  if (break_off(message.grace, now, effects)) hurries_as_asked_ = false;
}

void AgentRun::handle(const SealAcknowledged&, Instant, AgentEffects& effects) {
  if (stage_ != Stage::sealing) return;
  keep(AllAcknowledged{}, effects);
  all_acknowledged_ = true;
  leave(ends_by_ ? 130 : 0, ends_by_ ? "interrupted" : "", effects);
}

void AgentRun::handle(const ClockReply& message, Instant now, AgentEffects& effects) {
  clock_.on_reply({.sent = Instant(nanoseconds(message.sent)),
                   .received = Instant(nanoseconds(message.received)),
                   .replied = Instant(nanoseconds(message.replied)),
                   .arrived = now});
  calibrate_when_prepared(effects);
}

void AgentRun::handle(const TakeOver& message, Instant, AgentEffects& effects) {
  if (const auto known = taken_over_.find(message.number); known != taken_over_.end()) {
    if (known->second) effects.emplace_back(effect::Send{TookOver{message.number}});
    return;
  }
  // Whatever cannot be taken over any more is not answered: the coordinator tells that nobody did.
  if (stage_ != Stage::loading || !course_->runs() || taken_over_.size() >= take_over_limit) return;
  try {
    auto plan = plan_piece(message, hello_.caps, share_);
    taken_over_.emplace(message.number, plan);
    effects.emplace_back(effect::AddShare{std::move(plan)});
    effects.emplace_back(effect::Tell{"takes over work of a lost agent"});
    effects.emplace_back(effect::Send{TookOver{message.number}});
  } catch (const ShareRefused& refused) {
    taken_over_.emplace(message.number, nullptr);
    effects.emplace_back(
        effect::Warn{std::string("work of a lost agent is not taken over: ") + refused.what()});
  }
}

AgentEffects AgentRun::on_protocol_error(const std::string& why) {
  AgentEffects effects;
  if (stage_ == Stage::done) return effects;
  // The first answer that cannot be read is that of another version, or of something else entirely.
  const int limit = stage_ == Stage::greeting ? 1 : protocol_error_limit;
  if (++protocol_errors_ >= limit) leave(1, "cannot talk to the coordinator: " + why, effects);
  return effects;
}

// ---- preparing

void AgentRun::prepare_failed(const std::string& message, bool user_can_fix,
                              AgentEffects& effects) {
  effects.emplace_back(effect::Send{PrepareFailed{message, user_can_fix}});
  leave(user_can_fix ? 2 : 1, message, effects);
}

AgentEffects AgentRun::on_target_ready(const PreparedTarget& target, Instant) {
  target_ = target;
  AgentEffects effects;
  for (const std::string& warning : target.warnings) effects.emplace_back(effect::Warn{warning});
  calibrate_when_prepared(effects);
  return effects;
}

AgentEffects AgentRun::on_target_failed(const std::string& message, bool user_can_fix) {
  AgentEffects effects;
  if (stage_ != Stage::done) prepare_failed(message, user_can_fix, effects);
  return effects;
}

void AgentRun::calibrate_when_prepared(AgentEffects& effects) {
  if (stage_ != Stage::preparing || !target_ || !clock_.known()) return;
  stage_ = Stage::calibrating;
  effects.emplace_back(effect::Calibrate{share_.scenario->target.kind});
}

AgentEffects AgentRun::on_calibrated(const Calibration& calibration) {
  AgentEffects effects;
  if (stage_ != Stage::calibrating) return effects;  // has left meanwhile
  calibration_ = calibration;
  stage_ = Stage::ready;
  effects.emplace_back(effect::Tell{"ready"});
  send_ready(effects);
  return effects;
}

void AgentRun::send_ready(AgentEffects& effects) const {
  Ready ready = ready_message(share_, *target_, calibration_, clock_.error_bound());
  ready.hardware = hardware_;
  effects.emplace_back(effect::Send{std::move(ready)});
}

// ---- the load

AgentEffects AgentRun::on_first_start(nanoseconds error) {
  if (start_error_) return {};  // another share began
  start_error_ = error;
  return {effect::Send{Started{error}}};
}

void AgentRun::check_lease(Instant now, AgentEffects& effects) {
  if (!course_ || !course_->runs() || now < course_->start()) return;
  if (paused_.paused() || lease_.holds(now)) return;
  paused_.begin(std::max(lease_.end(), course_->start()));
  effects.emplace_back(effect::PauseLoad{});
  effects.emplace_back(effect::Tell{"paused: the coordinator has not renewed the lease"});
}

void AgentRun::on_lease_renewed(Instant now, AgentEffects& effects) {
  if (stage_ != Stage::loading) return;
  effects.emplace_back(effect::LeaseUntil{lease_.end()});  // answers are checked under it, too
  if (!course_->runs() || !paused_.paused()) return;
  effects.emplace_back(
      effect::Tell{"resumed after " + in_seconds(std::max(now - paused_.since(), 0ns))});
  paused_.end(now);
}

void AgentRun::end_pauses_with_the_load() {
  if (!course_->runs() && paused_.paused()) paused_.end(course_->stopped_at());
}

AgentEffects AgentRun::on_users_stopped(Instant) {
  if (stage_ == Stage::loading) course_->on_users_stopped();
  return {};
}

AgentEffects AgentRun::on_answers_checked(Instant now) {
  AgentEffects effects;
  if (stage_ == Stage::loading) course_->on_answers_checked(now, effects);
  return effects;
}

std::uint32_t AgentRun::active_users(nanoseconds since_start) const {
  std::uint32_t total = users_started(*share_.plan, since_start);
  for (const auto& [number, plan] : taken_over_)
    if (plan) total += users_started(*plan, since_start);
  return total;
}

AgentEffects AgentRun::on_snapshot(MetricsSnapshot snapshot, Instant now) {
  AgentEffects effects;
  if (stage_ != Stage::loading) return effects;  // has left meanwhile
  check_lease(now, effects);
  const std::uint32_t in_flight = snapshot.in_flight;
  snapshot.loop_lag = std::exchange(worst_lag_, nanoseconds{0});
  snapshot.active_users = active_users(snapshot.to);
  snapshot.paused =
      paused_.take_until(course_->start() + snapshot.from, course_->start() + snapshot.to);
  const bool leased = lease_.holds(now);
  course_->tell_if_unchecked(snapshot, leased, now);
  keep_batch(outbox_.add(std::move(snapshot)), now, effects);
  course_->on_snapshot(in_flight, leased, now, effects);
  if (!watch_.silent()) outbox_.send_due(now, effects);
  seal_when_over(now, effects);
  return effects;
}

void AgentRun::keep_batch(const MetricsBatch* batch, Instant now, AgentEffects& effects) {
  if (batch != nullptr) return keep(BatchTaken{*batch}, effects);
  effects.emplace_back(effect::Warn{BatchOutbox::too_long});
  stopped_because(BatchOutbox::too_long);
  if (course_->runs()) break_off(nanoseconds{0}, now, effects);
}

void AgentRun::seal_when_over(Instant now, AgentEffects& effects) {
  if (!course_->over()) return;
  if (hurries_as_asked_ && course_->cut_off()) stopped_because(asked_to_end);
  stage_ = Stage::sealing;
  sealed_ = outbox_.seal(stopped_because_);
  seal_kept_ = true;
  keep(PartSealed{*sealed_}, effects);
  effects.emplace_back(effect::Tell{"the load is over"});
  if (!watch_.silent()) send_seal(now, effects);
}

void AgentRun::send_seal(Instant now, AgentEffects& effects) {
  last_seal_ = now;
  effects.emplace_back(effect::Send{*sealed_});
}

AgentEffects AgentRun::on_journal_failed(const std::string& why, Instant now) {
  AgentEffects effects;
  keeps_ = false;
  const std::string failure = "its journal cannot be written: " + why;
  switch (stage_) {
    case Stage::greeting:
    case Stage::preparing:
    case Stage::calibrating:
    case Stage::ready:
      prepare_failed(failure, true, effects);
      break;
    case Stage::loading:
      effects.emplace_back(effect::Warn{failure});
      if (course_->checks()) {  // the order to check may be among what was not done
        course_->end_check(now, effects);
      } else if (course_->runs()) {
        stopped_because(failure);
        break_off(nanoseconds{0}, now, effects);
      }
      break;
    case Stage::sealing:
      effects.emplace_back(effect::Warn{failure});
      break;
    case Stage::done:  // to leave was among what was not done
      if (left_) effects.emplace_back(*left_);
      break;
  }
  outbox_.forget_what_was_sent();
  return effects;
}

AgentEffects AgentRun::on_asked_to_end(Instant now) {
  const bool has_begun =
      stage_ == Stage::sealing || (stage_ == Stage::loading && now >= course_->start());
  if (!has_begun || watch_.silent()) return on_interrupt();
  AgentEffects effects;
  ends_by_ = now + end_patience;
  effects.emplace_back(effect::Tell{"asked to end: hands over what it has"});
  if (stage_ != Stage::loading) return effects;
  if (course_->runs()) stopped_because(asked_to_end);  // later, its plan is done
  if (break_off(end_grace, now, effects)) hurries_as_asked_ = true;
  return effects;
}

AgentEffects AgentRun::on_interrupt() {
  AgentEffects effects;
  if (stage_ != Stage::done) leave(130, "interrupted", effects);
  return effects;
}

// ---- time

Instant AgentRun::next_tick(Instant now) const {
  const bool probing = stage_ >= Stage::preparing && stage_ <= Stage::loading && clock_.in_burst();
  Instant next = now + (probing ? ClockProbes::between_probes : nanoseconds(idle_tick));
  if (stage_ == Stage::greeting || stage_ == Stage::done) return next;
  if (!hands_over_) next = std::min(next, last_beat_ + times_.beat);
  if (stage_ == Stage::loading) {
    if (const auto cut = course_->next_cut()) next = std::min(next, *cut);
    if (course_->runs() && !paused_.paused())
      next = std::min(next, std::max(lease_.end(), course_->start()));
  }
  return std::max(now, next);
}

AgentEffects AgentRun::on_tick(Instant due, Instant now) {
  AgentEffects effects;
  if (stage_ == Stage::done) return effects;
  const nanoseconds lag = now - due;
  // Before the load, preparing may keep this thread for long; that delays nothing that is measured.
  if (course_ && due >= course_->start()) worst_lag_ = std::max(worst_lag_, lag);
  lag_of_beat_ = std::max(lag_of_beat_, lag);
  if (lag > own_stall) watch_.excuse(lag, now);
  check_lease(now, effects);
  if (stage_ == Stage::greeting) {
    greet_anew(now, effects);
  } else {
    tick_with_a_run(now, effects);
  }
  give_up_after_long_silence(now, effects);
  return effects;
}

void AgentRun::greet_anew(Instant now, AgentEffects& effects) {
  if (watch_.attempt(now).connect_anew) {
    effects.emplace_back(effect::ConnectAnew{});
    // What is sent before the new connection stands is dropped.
    last_hello_ = now - hello_pause_ + connecting_takes;
  }
  if (now - last_hello_ < hello_pause_) return;
  last_hello_ = now;
  effects.emplace_back(effect::Send{hello_});
}

void AgentRun::tick_with_a_run(Instant now, AgentEffects& effects) {
  if (stage_ == Stage::loading) {
    course_->on_tick(now, effects);
    end_pauses_with_the_load();
  }
  if (stage_ == Stage::sealing && !std::exchange(seal_kept_, true))
    keep(PartSealed{*sealed_}, effects);
  beat(now, effects);
  greet_again_after_silence(now, effects);
  if (watch_.silent()) return;
  if (stage_ <= Stage::loading && clock_.due(now))
    effects.emplace_back(effect::Send{ClockProbe{now.time_since_epoch().count()}});
  outbox_.send_due(now, effects);
  if (stage_ == Stage::sealing && now - last_seal_ >= seal_interval) send_seal(now, effects);
}

void AgentRun::beat(Instant now, AgentEffects& effects) {
  if (hands_over_ || now - last_beat_ < times_.beat) return;
  last_beat_ = now;
  lease_.on_beat_sent(now);
  effects.emplace_back(effect::Send{Heartbeat{
      .loop_lag = std::exchange(lag_of_beat_, nanoseconds{0}),
      .sent = now.time_since_epoch().count(),
      .unacknowledged = static_cast<std::uint32_t>(outbox_.under_way()),
      .clock_offset = clock_.offset(),
      .clock_error_bound = clock_.error_bound(),
  }});
  // Again, in case it or its answer was lost.
  if (stage_ == Stage::ready) send_ready(effects);
  if (start_error_ && start_error_tellings_ < start_error_repeats) {
    ++start_error_tellings_;
    effects.emplace_back(effect::Send{Started{*start_error_}});
  }
}

void AgentRun::greet_again_after_silence(Instant now, AgentEffects& effects) {
  const bool was_silent = watch_.silent();
  const auto attempt = watch_.attempt(now);
  if (!was_silent && watch_.silent())
    effects.emplace_back(effect::Tell{"the coordinator is silent; trying to reach it"});
  if (attempt.connect_anew) effects.emplace_back(effect::ConnectAnew{});
  if (!attempt.greet) return;
  Hello again = hello_;
  again.batches = outbox_.taken();
  effects.emplace_back(effect::Send{std::move(again)});
  outbox_.send_oldest(effects);  // its answer says what is kept
}

void AgentRun::give_up_after_long_silence(Instant now, AgentEffects& effects) {
  if (stage_ == Stage::done) return;
  if (ends_by_ && now >= *ends_by_) return leave(130, "interrupted", effects);
  if (stage_ == Stage::greeting) {
    if (now - waits_for_run_since_ < times_.greeting_patience) return;
    return leave(1,
                 rejected_because_.empty()
                     ? "no coordinator answered within " + in_seconds(times_.greeting_patience)
                     : "the coordinator refused this agent: " + rejected_because_,
                 effects);
  }
  const bool matters = course_ || (hands_over_ && heard_);
  const auto patience =
      matters ? times_.agent_patience : std::min(times_.greeting_patience, times_.agent_patience);
  if (watch_.silence(now) >= patience)
    leave(1, "the coordinator has been silent for " + in_seconds(patience), effects);
}

}  // namespace squall::agents
