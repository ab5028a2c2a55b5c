#pragma once
// One virtual user: wakes when the pacer says so, asks the target, hears the end, thinks.

#include "actors/actor_interfaces.hpp"
#include "agents/load/request_source.hpp"

namespace squall::agents {

/// The actors that a user talks to.
struct UserSurroundings {
  actors::PacerActor pacer;
  actors::TargetActor target;
  actors::RecorderActor recorder;
  actors::AgentActor agent;
};

struct VirtualUserState {
  RequestSource source{std::make_shared<LoadContext>()};
  std::shared_ptr<const UserSurroundings> surroundings;
  bool stopped = false;
};

actors::UserActor::behavior_type virtual_user_actor(
    actors::UserActor::stateful_pointer<VirtualUserState> self, RequestSource source,
    std::shared_ptr<const UserSurroundings> surroundings,
    std::shared_ptr<const LoadContext> context);

}  // namespace squall::agents
