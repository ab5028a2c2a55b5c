#pragma once
// The actor around the pacer: takes orders by message; wakes go out from the pacer's own thread.

#include <memory>

#include "actors/actor_interfaces.hpp"
#include "agents/load/pacer.hpp"

namespace squall::agents {

struct PacerState {
  PacerState() = default;    // no aggregate: CAF would make its first member of the actor
  actors::UsersActor users;  // from BeginPacing on
  std::unique_ptr<Pacer> pacer;
};

/// Tells `agent` once, by PacerStarted, how late the very first wake was.
actors::PacerActor::behavior_type pacer_actor(actors::PacerActor::stateful_pointer<PacerState> self,
                                              actors::AgentActor agent);

}  // namespace squall::agents
