#pragma once
// The actor around the metrics recorder; adds how the agent's own process fares.

#include <optional>

#include "actors/actor_interfaces.hpp"
#include "actors/metrics/metrics_recorder.hpp"
#include "agents/resource_monitor.hpp"

namespace squall::agents {

struct RecorderState {
  std::optional<actors::MetricsRecorder> recorder;  // from BeginRecording on
  actors::nanoseconds engine_cpu{0}, engine_cpu_before{0};
  ResourceUse before;
};

/// Snapshots go to `agent`.
actors::RecorderActor::behavior_type recorder_actor(
    actors::RecorderActor::stateful_pointer<RecorderState> self, actors::AgentActor agent);

}  // namespace squall::agents
