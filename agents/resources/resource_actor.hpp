#pragma once
// The actor around the resource sampler: one sample a second on the run's time axis. To be spawned
// detached, for some readings walk through all memory of the process.

#include <optional>

#include "actors/actor_interfaces.hpp"
#include "agents/resources/resource_sampler.hpp"

namespace squall::agents {

struct ResourceState {
  std::optional<ResourceSampler> sampler;  // from BeginRecording on
};

/// Samples go to `recorder`.
actors::ResourceActor::behavior_type resource_actor(
    actors::ResourceActor::stateful_pointer<ResourceState> self, actors::RecorderActor recorder);

}  // namespace squall::agents
