#include "coordinator/run/run_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>

namespace squall::coordinator {

using namespace std::chrono_literals;
using namespace actors;

namespace {

using Self = RunActor::stateful_pointer<RunActorState>;
constexpr auto tick_interval = 100ms;

void say(Self self, ToAgents&& messages) {
  auto& state = self->state;
  for (auto& each : messages)
    self->send(state.bridge,
               SendEnvelope{std::move(each.peer),
                            {state.phases->record().id, each.epoch, std::move(each.message)}});
  if (!state.phases->finished() || std::exchange(state.reported, true)) return;
  state.parts.on_finished(state.phases->final_record(), state.phases->broken_by_user());
}

}  // namespace

RunActor::behavior_type run_actor(Self self, RunRecord record, std::size_t agents,
                                  RunActorParts parts) {
  auto& state = self->state;
  const RunActor me{self};
  state.phases =
      std::make_unique<RunPhases>(std::move(record), agents, Instant(self->clock().now()));
  state.parts = std::move(parts);
  state.bridge = state.parts.make_bridge(me);
  self->delayed_send(me, tick_interval, Tick{});
  return {
      [self](const EnvelopeArrived& arrived) {
        const auto& envelope = arrived.envelope;
        if (const auto* message = std::get_if<AgentMessage>(&envelope.message))
          say(self, self->state.phases->on_message(arrived.peer, envelope.epoch, envelope.run,
                                                   *message, self->clock().now()));
      },
      [self](const FrameRefused& refused) {
        say(self,
            self->state.phases->on_protocol_error(refused.peer, refused.why, self->clock().now()));
      },
      [self](const Tick&) {
        auto& phases = *self->state.phases;
        const Instant now = self->clock().now();
        say(self, phases.on_tick(now));
        if (self->state.reported) return;
        self->state.parts.on_progress(phases, now);
        self->delayed_send(RunActor{self}, tick_interval, Tick{});
      },
      [self](const ProcessEnded& ended) {
        say(self,
            self->state.phases->on_process_ended(ended.process_id, ended.how, self->clock().now()));
      },
      [self](const Interrupt&) {
        say(self, self->state.phases->on_interrupt(self->clock().now()));
      },
      [self](const EndActors&) {
        self->send(self->state.bridge, CloseBridge{});
        self->quit();
      },
  };
}

}  // namespace squall::coordinator
