#pragma once
// The actor around AgentRun: passes it what happens and does what it says.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/actor_interfaces.hpp"
#include "agents/agent_run.hpp"
#include "agents/load/users_actor.hpp"

namespace squall::agents {

/// How an agent gets its parts; tests put other pacers and targets in.
struct AgentParts {
  std::function<actors::BridgeActor(actors::AgentActor)> make_bridge;
  std::function<actors::PacerActor(actors::AgentActor)> make_pacer;
  std::function<actors::RecorderActor(actors::AgentActor)> make_recorder;
  std::function<actors::TargetActor(actors::AgentActor, actors::RecorderActor)> make_target;
  /// Measures what this agent can drive against such a target, and sends it Calibrated; none: that
  /// counts as unknown.
  std::function<void(actors::AgentActor, scenarios::TargetKind)> calibrate;
  /// Something that a person at this agent should know.
  std::function<void(const std::string& what)> on_warning;
  /// The agent is done; everything it spawned has been told to end.
  std::function<void(int exit_code, const std::string& why)> on_left;
};

struct AgentState {
  std::unique_ptr<AgentRun> run;
  std::uint64_t epoch = 0;
  AgentParts parts;
  actors::BridgeActor bridge;
  UsersSurroundings around;
  actors::UsersActor users;
  std::optional<effect::PrepareTarget> to_prepare;  // once the prompts are read
};

actors::AgentActor::behavior_type agent_actor(actors::AgentActor::stateful_pointer<AgentState> self,
                                              actors::Hello hello, std::uint64_t epoch,
                                              AgentParts parts);

}  // namespace squall::agents
