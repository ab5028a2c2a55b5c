#include "agents/load/pacer_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>

namespace squall::agents {

using namespace actors;

namespace {

using Self = PacerActor::stateful_pointer<PacerState>;

void begin(Self self, const AgentActor& agent, BeginPacing& order) {
  if (self->state.pacer)  // one more stream, of work that was taken over
    return self->state.pacer->begin(std::move(order.first_wakes), order.start);
  self->state.users = order.users;
  auto deliver = [agent, users = order.users, first = true](std::vector<DueWake>&& wakes) mutable {
    if (std::exchange(first, false))
      caf::anon_send(agent,
                     PacerStarted{std::chrono::steady_clock::now() - wakes.front().intended});
    caf::anon_send(users, WakesDue{std::move(wakes)});
  };
  self->state.pacer = std::make_unique<Pacer>(std::move(deliver));
  self->state.pacer->begin(std::move(order.first_wakes), order.start);
}

}  // namespace

PacerActor::behavior_type pacer_actor(Self self, AgentActor agent) {
  return {
      [self, agent](BeginPacing& order) { begin(self, agent, order); },
      [self](const WakeAt& order) {
        if (self->state.pacer) self->state.pacer->wake_at(order.instant, order.item);
      },
      [self](const StopPacing& order) {
        if (!self->state.pacer) return;
        self->state.pacer->stop(order.at);
        self->send(self->state.users, PacingStopped{});
      },
  };
}

}  // namespace squall::agents
