#pragma once
// The actor around the embedded engine: a thread of its own that steps while there is work and
// reads its mail between steps.

#include <functional>
#include <optional>
#include <unordered_map>

#include "actors/actor_interfaces.hpp"
#include "agents/targets/engine_target.hpp"

namespace squall::agents {

struct EngineState {
  std::optional<EngineTarget> target;  // from PrepareTarget on
  std::unordered_map<std::uint64_t, actors::UserActor> askers;
  bool stepping = false;  // a StepTarget is on its way
};

/// `agents_here`: how many agents share this machine's cores. `on_download`: hears of a
/// download from the engine's thread, and ends it by saying no.
/// Spawn detached: loading a model and stepping it block.
actors::TargetActor::behavior_type engine_actor(
    actors::TargetActor::stateful_pointer<EngineState> self, actors::AgentActor agent,
    actors::RecorderActor recorder, std::size_t agents_here,
    std::function<bool(const DownloadProgress&)> on_download = {});

}  // namespace squall::agents
