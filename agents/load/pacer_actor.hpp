#pragma once
// The actor around the pacer: takes orders by message, wakes users from the pacer's own thread.

#include <memory>
#include <optional>

#include "actors/actor_interfaces.hpp"
#include "agents/load/pacer.hpp"

namespace squall::agents {

struct PacerState {
  std::unique_ptr<Pacer<actors::UserActor>> pacer;
};

/// Tells `agent` once, by PacerStarted, how late the very first wake was.
actors::PacerActor::behavior_type pacer_actor(actors::PacerActor::stateful_pointer<PacerState> self,
                                              actors::AgentActor agent);

}  // namespace squall::agents
