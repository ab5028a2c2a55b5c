#pragma once
// The actor around the user pool: woken by the pacer, it asks the target, hears the ends, tells the
// recorder. After the drain it asks sampled prompts once more and compares the answers.

#include <memory>
#include <optional>

#include "actors/actor_interfaces.hpp"
#include "agents/load/accuracy_check.hpp"
#include "agents/load/prompt_source.hpp"
#include "agents/load/user_pool.hpp"

namespace squall::agents {

/// The actors that users talk to.
struct UsersSurroundings {
  actors::PacerActor pacer;
  actors::TargetActor target;
  actors::RecorderActor recorder;
  actors::AgentActor agent;
};

struct UsersState {
  UsersSurroundings around;
  std::shared_ptr<const PromptSource> prompts;  // from PrepareLoad on
  std::unique_ptr<UserPool> pool;               // from BeginLoad on
  LoadOrders orders;
  std::optional<AccuracyCheck> accuracy;  // from BeginLoad on
  Instant check_until;                    // from CheckAnswers on
  bool check_broken_off = false;
  bool answers_checked = false;
};

actors::UsersActor::behavior_type users_actor(actors::UsersActor::stateful_pointer<UsersState> self,
                                              UsersSurroundings around);

}  // namespace squall::agents
