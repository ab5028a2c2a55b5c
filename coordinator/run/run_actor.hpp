#pragma once
// The actor around RunPhases: passes it what happens, and has a RunKeeper write down and say what
// it decides. One commit serves all that has come by then.

#include <functional>
#include <memory>

#include "actors/actor_interfaces.hpp"
#include "coordinator/run/run_keeper.hpp"

namespace squall::coordinator {

struct RunActorParts {
  /// A new run, or one that goes on.
  std::function<RunPhases(Instant now)> make_phases;
  std::function<std::unique_ptr<actors::Journal>()> make_journal;
  std::function<actors::BridgeActor(actors::RunActor)> make_bridge;
  /// What the link turned away so far; may be empty.
  std::function<actors::LinkCounters()> turned_away;
  /// Called on the actor's thread after each tick, to show how the run is getting on.
  std::function<void(const RunPhases&, Instant now)> on_progress;
  /// Called after each wish to change a threshold, once what came of it is written down; may be
  /// empty.
  std::function<void(std::uint64_t number, const ThresholdAnswer&)> on_threshold_answer{};
  /// Called once, when the run is over. The actor stays to answer latecomers, until EndActors.
  std::function<void(RunRecord, bool broken_by_user)> on_finished;
};

struct RunActorState {
  std::unique_ptr<RunKeeper> keeper;
  RunActorParts parts;
  actors::BridgeActor bridge;
  Instant pending_since;
  bool committing = false;  // CommitNow is on its way
  bool reported = false;
};

actors::RunActor::behavior_type run_actor(actors::RunActor::stateful_pointer<RunActorState> self,
                                          RunActorParts parts);

}  // namespace squall::coordinator
