#include "agents/agent_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>

namespace squall::agents {

using namespace actors;

namespace {

using Self = AgentActor::stateful_pointer<AgentState>;

void end_everything(Self self, const effect::Leave& leave) {
  auto& state = self->state;
  caf::anon_send_exit(state.users, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(state.around.pacer, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(state.around.recorder, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(state.around.target, caf::exit_reason::user_shutdown);
  self->send(state.bridge, CloseBridge{});  // a message, not a kill: frames before it still leave
  state.journal.reset();
  if (state.parts.on_journal_closed) state.parts.on_journal_closed(leave.undelivered);
  state.parts.on_left(leave.exit_code, leave.why);
  self->quit();
}

void perform_one(Self self, const AgentEffect& any) {
  auto& state = self->state;
  const auto& around = state.around;
  if (const auto* send = std::get_if<effect::Send>(&any)) {
    self->send(state.bridge,
               SendEnvelope{{}, {state.run->run(), state.run->epoch(), send->message}});
  } else if (const auto* prepare = std::get_if<effect::PrepareTarget>(&any)) {
    state.to_prepare = *prepare;
    self->send(state.users,
               PrepareLoad{prepare->scenario, prepare->folder, prepare->share, prepare->trace});
  } else if (const auto* calibrate = std::get_if<effect::Calibrate>(&any)) {
    if (state.parts.calibrate) {
      state.parts.calibrate(AgentActor{self}, calibrate->target);
    } else {
      self->send(AgentActor{self}, Calibrated{});
    }
  } else if (const auto* begin = std::get_if<effect::BeginLoad>(&any)) {
    self->send(around.recorder, BeginRecording{begin->start, begin->scenario->categories.size()});
    self->send(around.target, BeginTarget{begin->start});
    self->send(state.users, BeginLoad{begin->scenario, begin->plan, begin->start});
  } else if (const auto* added = std::get_if<effect::AddShare>(&any)) {
    self->send(state.users, AddShare{added->plan});
  } else if (const auto* lease = std::get_if<effect::LeaseUntil>(&any)) {
    self->send(state.users, ResumeUsers{self->clock().now(), lease->until});
  } else if (std::holds_alternative<effect::PauseLoad>(any)) {
    self->send(state.users, PauseUsers{self->clock().now()});
  } else if (std::holds_alternative<effect::StopUsers>(any)) {
    self->send(state.users, StopUsers{self->clock().now()});
  } else if (const auto* abandon = std::get_if<effect::AbandonOpen>(&any)) {
    self->send(around.target, AbandonOpen{abandon->outcome});
  } else if (const auto* check = std::get_if<effect::CheckAnswers>(&any)) {
    self->send(state.users, CheckAnswers{check->until});
  } else if (const auto* snapshot = std::get_if<effect::TakeSnapshot>(&any)) {
    self->send(around.recorder, TakeSnapshot{snapshot->until});
  } else if (std::holds_alternative<effect::ConnectAnew>(any)) {
    self->send(state.bridge, ConnectAnew{});
  } else if (const auto* news = std::get_if<effect::Tell>(&any)) {
    if (state.parts.on_news) state.parts.on_news(news->what);
  } else if (const auto* warn = std::get_if<effect::Warn>(&any)) {
    if (state.parts.on_warning) state.parts.on_warning(warn->what);
  } else if (const auto* leave = std::get_if<effect::Leave>(&any)) {
    end_everything(self, *leave);
  }
}

/// In words what is in the way; empty: it is kept.
std::optional<std::string> try_to_keep(Self self, const AgentEntry& entry) {
  auto& state = self->state;
  if (!state.parts.make_journal) return std::nullopt;
  try {
    if (const auto* opened = std::get_if<PartOpened>(&entry))
      state.journal = state.parts.make_journal(*opened);
    state.journal->append(encode(entry));
    if (std::holds_alternative<PartSealed>(entry))
      state.journal->sync();
    else
      state.journal->commit();
    return std::nullopt;
  } catch (const JournalError& error) {
    return error.what();
  }
}

void perform(Self self, const AgentEffects& effects) {
  for (const auto& each : effects) {
    const auto* keep = std::get_if<effect::Keep>(&each);
    if (keep == nullptr) {
      perform_one(self, each);
    } else if (const auto trouble = try_to_keep(self, keep->entry)) {
      return perform(self, self->state.run->on_journal_failed(*trouble, self->clock().now()));
    }
  }
}

void make_run(Self self, Hello hello, std::uint64_t epoch) {
  auto& state = self->state;
  AgentParts& parts = state.parts;
  const Instant now = self->clock().now();
  if (parts.hand_over.empty()) {
    state.run = std::make_unique<AgentRun>(std::move(hello), epoch, parts.times, now);
    return;
  }
  if (parts.make_journal)
    state.journal = parts.make_journal(std::get<PartOpened>(parts.hand_over.front()));
  state.run = std::make_unique<AgentRun>(
      AgentRun::handing_over(std::exchange(parts.hand_over, {}), parts.times, now));
}

void schedule_tick(Self self) {
  const Instant now = self->clock().now();
  const Instant due = self->state.run->next_tick(now);
  self->delayed_send(AgentActor{self}, due - now, Tick{due});
}

PreparedTarget prepared(const TargetReady& ready) {
  return {ready.model_name,
          ready.model_fingerprint,
          ready.model_is_synthetic,
          ready.instruction_set,
          ready.threads,
          ready.load_time,
          ready.model_choice,
          ready.model_origin,
          ready.warnings,
          ready.kind,
          ready.simulated,
          ready.origin,
          ready.token_counts};
}

}  // namespace

AgentActor::behavior_type agent_actor(Self self, Hello hello, std::uint64_t epoch,
                                      AgentParts parts) {
  auto& state = self->state;
  const AgentActor me{self};
  state.parts = std::move(parts);
  make_run(self, std::move(hello), epoch);
  state.around.agent = me;
  state.around.pacer = state.parts.make_pacer(me);
  state.around.recorder = state.parts.make_recorder(me);
  state.around.target = state.parts.make_target(me, state.around.recorder);
  state.users = self->spawn(users_actor, state.around);
  state.bridge = state.parts.make_bridge(me);
  self->send(me, Tick{self->clock().now()});
  return {
      [self](const EnvelopeArrived& arrived) {
        const auto& envelope = arrived.envelope;
        const auto* message = std::get_if<CoordinatorMessage>(&envelope.message);
        if (message == nullptr || envelope.epoch != self->state.run->epoch()) return;
        perform(self, self->state.run->on_message(*message, envelope.run, self->clock().now()));
      },
      [self](const FrameRefused& refused) {
        perform(self, self->state.run->on_protocol_error(refused.why));
      },
      [self](const Tick& tick) {
        perform(self, self->state.run->on_tick(tick.due, self->clock().now()));
        schedule_tick(self);
      },
      [self](const LoadPrepared&) {
        const effect::PrepareTarget& target = *self->state.to_prepare;
        self->send(self->state.around.target,
                   PrepareTarget{target.scenario, target.folder, target.share});
      },
      [self](const TargetReady& ready) {
        perform(self, self->state.run->on_target_ready(prepared(ready), self->clock().now()));
      },
      [self](const TargetFailed& failed) {
        perform(self, self->state.run->on_target_failed(failed.message, failed.user_can_fix));
      },
      [self](const Calibrated& calibrated) {
        perform(self, self->state.run->on_calibrated(calibrated.calibration));
      },
      [self](const PacerStarted& started) {
        perform(self, self->state.run->on_first_start(started.start_error));
      },
      [self](SnapshotTaken& taken) {
        perform(self, self->state.run->on_snapshot(std::move(taken.snapshot), self->clock().now()));
      },
      [self](const UsersStopped&) {
        perform(self, self->state.run->on_users_stopped(self->clock().now()));
      },
      [self](const AnswersChecked&) {
        perform(self, self->state.run->on_answers_checked(self->clock().now()));
      },
      [self](const Interrupt&) {
        const bool again = std::exchange(self->state.asked_to_end, true);
        perform(self, again ? self->state.run->on_interrupt()
                            : self->state.run->on_asked_to_end(self->clock().now()));
      },
  };
}

}  // namespace squall::agents
