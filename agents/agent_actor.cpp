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

void spawn_users(Self self, const effect::BeginLoad& begin) {
  auto& state = self->state;
  auto context = std::make_shared<LoadContext>(begin.scenario, begin.plan, begin.start);
  const auto spawn = [&](RequestSource source) {
    state.users.push_back(self->spawn(virtual_user_actor, std::move(source),
                                      std::shared_ptr<const UserSurroundings>(state.surroundings),
                                      std::shared_ptr<const LoadContext>(context)));
    return state.users.back();
  };
  for (const auto& user : begin.plan->users) {
    const auto actor = spawn(RequestSource(context, user));
    self->send(state.surroundings->pacer, WakeAt{actor, begin.start + user.start, 0});
  }
  if (!begin.plan->arrivals.empty()) {
    const auto actor = spawn(RequestSource(context));
    for (const auto& arrival : begin.plan->arrivals)
      self->send(state.surroundings->pacer,
                 WakeAt{actor, begin.start + arrival.at, arrival.arrival});
  }
}

void perform(Self self, const AgentEffects& effects);

void end_everything(Self self, const effect::Leave& leave) {
  auto& state = self->state;
  for (const auto& user : state.users) caf::anon_send_exit(user, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(state.surroundings->pacer, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(state.surroundings->recorder, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(state.surroundings->target, caf::exit_reason::user_shutdown);
  self->send(state.bridge, CloseBridge{});  // a message, not a kill: frames before it still leave
  state.parts.on_left(leave.exit_code, leave.why);
  self->quit();
}

void perform_one(Self self, const AgentEffect& any) {
  auto& state = self->state;
  const auto& around = *state.surroundings;
  if (const auto* send = std::get_if<effect::Send>(&any)) {
    self->send(state.bridge, SendEnvelope{{}, {state.run->run(), state.epoch, send->message}});
  } else if (const auto* prepare = std::get_if<effect::PrepareTarget>(&any)) {
    self->send(around.target, PrepareTarget{prepare->scenario, prepare->folder});
  } else if (const auto* begin = std::get_if<effect::BeginLoad>(&any)) {
    self->send(around.recorder, BeginRecording{begin->start});
    spawn_users(self, *begin);
  } else if (std::holds_alternative<effect::StopUsers>(any)) {
    self->send(around.pacer, StopPacing{});
    state.users_to_stop = state.users.size();
    for (const auto& user : state.users) self->send(user, StopUser{});
    if (state.users.empty()) perform(self, state.run->on_users_stopped(self->clock().now()));
  } else if (const auto* abandon = std::get_if<effect::AbandonOpen>(&any)) {
    self->send(around.target, AbandonOpen{abandon->outcome});
  } else if (const auto* snapshot = std::get_if<effect::TakeSnapshot>(&any)) {
    self->send(around.recorder, TakeSnapshot{snapshot->until});
  } else if (const auto* warn = std::get_if<effect::Warn>(&any)) {
    if (state.parts.on_warning) state.parts.on_warning(warn->what);
  } else if (const auto* leave = std::get_if<effect::Leave>(&any)) {
    end_everything(self, *leave);
  }
}

void perform(Self self, const AgentEffects& effects) {
  for (const auto& each : effects) perform_one(self, each);
}

void schedule_tick(Self self) {
  const Instant now = self->clock().now();
  const Instant due = self->state.run->next_tick(now);
  self->delayed_send(AgentActor{self}, due - now, Tick{due});
}

PreparedTarget prepared(const TargetReady& ready) {
  return {ready.model_name,      ready.model_fingerprint, ready.model_is_synthetic,
          ready.instruction_set, ready.threads,           ready.load_time,
          ready.model_choice,    ready.model_origin,      ready.warnings};
}

}  // namespace

AgentActor::behavior_type agent_actor(Self self, Hello hello, std::uint64_t epoch,
                                      AgentParts parts) {
  auto& state = self->state;
  const AgentActor me{self};
  state.run = std::make_unique<AgentRun>(std::move(hello), self->clock().now());
  state.epoch = epoch;
  state.parts = std::move(parts);
  state.surroundings = std::make_shared<UserSurroundings>();
  state.surroundings->agent = me;
  state.surroundings->pacer = state.parts.make_pacer(me);
  state.surroundings->recorder = state.parts.make_recorder(me);
  state.surroundings->target = state.parts.make_target(me, state.surroundings->recorder);
  state.bridge = state.parts.make_bridge(me);
  self->send(me, Tick{self->clock().now()});
  return {
      [self](const EnvelopeArrived& arrived) {
        const auto& envelope = arrived.envelope;
        const auto* message = std::get_if<CoordinatorMessage>(&envelope.message);
        if (message == nullptr || envelope.epoch != self->state.epoch) return;
        perform(self, self->state.run->on_message(*message, envelope.run, self->clock().now()));
      },
      [self](const FrameRefused& refused) {
        perform(self, self->state.run->on_protocol_error(refused.why));
      },
      [self](const Tick& tick) {
        perform(self, self->state.run->on_tick(tick.due, self->clock().now()));
        schedule_tick(self);
      },
      [self](const TargetReady& ready) {
        perform(self, self->state.run->on_target_ready(prepared(ready), self->clock().now()));
      },
      [self](const TargetFailed& failed) {
        perform(self, self->state.run->on_target_failed(failed.message, failed.user_can_fix));
      },
      [self](const PacerStarted& started) {
        perform(self, self->state.run->on_first_start(started.start_error));
      },
      [self](SnapshotTaken& taken) {
        perform(self, self->state.run->on_snapshot(std::move(taken.snapshot), self->clock().now()));
      },
      [self](const UserStopped&) {
        if (--self->state.users_to_stop == 0)
          perform(self, self->state.run->on_users_stopped(self->clock().now()));
      },
      [self](const Interrupt&) { perform(self, self->state.run->on_interrupt()); },
  };
}

}  // namespace squall::agents
