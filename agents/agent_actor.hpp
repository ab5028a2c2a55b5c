#pragma once
// The actor around AgentRun: passes it what happens and does what it says.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  actors::FabricTimes times;
  /// What this machine is, asked once the target is made: an engine may have looked for GPUs by
  /// then. None: nobody looked.
  std::function<scenarios::HardwareFacts()> hardware;
  /// What an agent that is no more has left behind: to be delivered in its name, and nothing else.
  std::vector<actors::AgentEntry> hand_over;
  /// Where what is measured is kept; throws actors::JournalError. None: nothing is kept.
  std::function<std::unique_ptr<actors::Journal>(const actors::PartOpened&)> make_journal;
  /// The journal is closed; unless `undelivered` it is not needed any more.
  std::function<void(bool undelivered)> on_journal_closed;
  /// Something that a person at this agent should know.
  std::function<void(const std::string& what)> on_warning;
  /// How the run goes, for a person who watches.
  std::function<void(const std::string& what)> on_news;
  /// The agent is done, also where a bug ended it; everything it spawned has been told to end.
  /// Called once.
  std::function<void(int exit_code, const std::string& why)> on_left;
};

struct AgentState {
  std::unique_ptr<AgentRun> run;
  AgentParts parts;
  std::unique_ptr<actors::Journal> journal;
  bool asked_to_end = false;
  bool left = false;
  actors::BridgeActor bridge;
  UsersSurroundings around;
  actors::UsersActor users;
  std::optional<effect::PrepareTarget> to_prepare;  // once the prompts are read
};

/// Where the parts bring a journal to hand over, that says who the agent was.
actors::AgentActor::behavior_type agent_actor(actors::AgentActor::stateful_pointer<AgentState> self,
                                              actors::Hello hello, std::uint64_t epoch,
                                              AgentParts parts);

}  // namespace squall::agents
