#pragma once
// The actor around RunPhases: passes it what happens and says what it says.

#include <functional>
#include <memory>

#include "actors/actor_interfaces.hpp"
#include "coordinator/run/run_phases.hpp"

namespace squall::coordinator {

struct RunActorParts {
  std::function<actors::BridgeActor(actors::RunActor)> make_bridge;
  /// Called on the actor's thread after each tick, to show how the run is getting on.
  std::function<void(const RunPhases&, Instant now)> on_progress;
  /// Called once, when the run is over. The actor stays to answer latecomers, until EndActors.
  std::function<void(RunRecord, bool broken_by_user)> on_finished;
};

struct RunActorState {
  std::unique_ptr<RunPhases> phases;
  RunActorParts parts;
  actors::BridgeActor bridge;
  bool reported = false;
};

actors::RunActor::behavior_type run_actor(actors::RunActor::stateful_pointer<RunActorState> self,
                                          RunRecord record, std::size_t agents,
                                          RunActorParts parts);

}  // namespace squall::coordinator
