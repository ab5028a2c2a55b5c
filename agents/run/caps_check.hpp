#pragma once
// Whether a scenario asks more of an agent than whoever started the agent allows.

#include <optional>
#include <string>

#include "actors/messages.hpp"
#include "scenarios/load/load_plan.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::agents {

/// Of the whole run: how long it loads, and whom it would have this agent talk to. In words which
/// cap is in the way and what to do; empty: none.
std::optional<std::string> cap_exceeded(const actors::AgentCaps& caps,
                                        const scenarios::Scenario& scenario);

/// Whether `host` is among those that this agent may talk to.
bool may_talk_to(const actors::AgentCaps& caps, const std::string& host);

/// What one or several shares ask of one agent at once.
struct AskedLoad {
  std::uint64_t users = 0;
  double rate = 0;  // arrivals per second at the highest; of a trace: in its fullest second

  AskedLoad& operator+=(const AskedLoad& other);
};
AskedLoad asked_load(const scenarios::Scenario& scenario, const scenarios::LoadPlan& plan);

std::optional<std::string> cap_exceeded(const actors::AgentCaps& caps, const AskedLoad& asked);

}  // namespace squall::agents
