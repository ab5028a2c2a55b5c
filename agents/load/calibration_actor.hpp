#pragma once
// Carries out the calibration: for each trial it plays the agent to a pacer, users and a recorder
// like those of a run, around a target that answers at once, and reads what the recorder counted.
// Ends by itself; nothing that it spawned outlives it.

#include "actors/actor_interfaces.hpp"
#include "agents/load/calibration.hpp"
#include "agents/resource_monitor.hpp"

namespace squall::agents {

struct CalibrationState {
  CalibrationTrials trials;
  CalibrationTrial trial;
  actors::PacerActor pacer;
  actors::RecorderActor recorder;
  actors::TargetActor target;
  actors::UsersActor users;
  actors::Instant start;  // of the trial's load
  ResourceUse before;
  actors::PhaseMetrics counted;
};

/// Sends Calibrated to `agent`, within about a second on an idle machine. `target`: of the run;
/// what a server streams has to be read and parsed as well.
actors::AgentActor::behavior_type calibration_actor(
    actors::AgentActor::stateful_pointer<CalibrationState> self, actors::AgentActor agent,
    scenarios::TargetKind target);

}  // namespace squall::agents
