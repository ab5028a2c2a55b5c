#include "agents/load/virtual_user_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>

namespace squall::agents {

using namespace actors;

UserActor::behavior_type virtual_user_actor(UserActor::stateful_pointer<VirtualUserState> self,
                                            RequestSource source,
                                            std::shared_ptr<const UserSurroundings> surroundings,
                                            std::shared_ptr<const LoadContext> context) {
  self->state.source = std::move(source);
  self->state.surroundings = std::move(surroundings);
  return {
      [self, context](const Wake& wake) {
        auto& state = self->state;
        if (state.stopped) {
          self->send(state.surroundings->recorder,
                     RequestNotSent{context->phase_at(wake.intended)});
          return;
        }
        LoadRequest request = state.source.next_request(wake.intended, wake.item);
        request.dispatched = self->clock().now();
        const RequestIssued issued{request.phase, request.dispatched};
        // The recorder first: it must know of a request before it can end.
        self->send(state.surroundings->recorder, issued);
        self->send(state.surroundings->target, Submit{std::move(request), UserActor{self}});
      },
      [self](RequestEnded& ended) {
        auto& state = self->state;
        const Instant at = ended.timeline.ended;
        self->send(state.surroundings->recorder, std::move(ended));
        if (state.stopped) return;
        if (const auto wake = state.source.next_wake(at))
          self->send(state.surroundings->pacer, WakeAt{UserActor{self}, *wake, 0});
      },
      [self](const StopUser&) {
        self->state.stopped = true;
        self->send(self->state.surroundings->agent, UserStopped{});
      },
  };
}

}  // namespace squall::agents
