#pragma once
// The actor around the metrics recorder; adds how the agent's own process fares.

#include <functional>
#include <optional>
#include <vector>

#include "actors/actor_interfaces.hpp"
#include "actors/metrics/metrics_recorder.hpp"
#include "agents/resource_monitor.hpp"

namespace squall::agents {

struct RecorderState {
  std::optional<actors::MetricsRecorder> recorder;  // from BeginRecording on
  actors::nanoseconds engine_cpu{0}, engine_cpu_before{0};
  ResourceUse before;
  std::vector<actors::ResourceSample> resources;  // since the snapshot before
  actors::ResourceActor sampler;                  // may be none
};

/// Snapshots go to `agent`.
actors::RecorderActor::behavior_type recorder_actor(
    actors::RecorderActor::stateful_pointer<RecorderState> self, actors::AgentActor agent);

/// Starts an actor that sends ResourcesSampled to the recorder.
using MakeSampler = std::function<actors::ResourceActor(actors::RecorderActor)>;

/// Likewise; snapshots also tell what machine and process use. The sampler ends with the recorder.
actors::RecorderActor::behavior_type sampling_recorder_actor(
    actors::RecorderActor::stateful_pointer<RecorderState> self, actors::AgentActor agent,
    MakeSampler make_sampler);

}  // namespace squall::agents
