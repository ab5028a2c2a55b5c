#include "agents/load/pacer_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>

namespace squall::agents {

using namespace actors;

PacerActor::behavior_type pacer_actor(PacerActor::stateful_pointer<PacerState> self,
                                      AgentActor agent) {
  auto deliver = [agent, first = true](Pacer<UserActor>::PlannedWake wake) mutable {
    if (std::exchange(first, false))
      caf::anon_send(agent, PacerStarted{std::chrono::steady_clock::now() - wake.at});
    caf::anon_send(wake.sleeper, Wake{wake.at, wake.item});
  };
  self->state.pacer = std::make_unique<Pacer<UserActor>>(std::move(deliver));
  return {
      [self](WakeAt& order) {
        self->state.pacer->wake_at({order.instant, std::move(order.user), order.item});
      },
      [self](const StopPacing&) { self->state.pacer->clear(); },
  };
}

}  // namespace squall::agents
