#pragma once
// What one agent will ask and when: computed whole from (scenario, seed, share), before the start.
//
// The union of all agents' plans is exactly the plan of a single agent, for any number of agents.

#include <chrono>
#include <cstdint>
#include <vector>

#include "scenarios/load/agent_share.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::scenarios {

/// One user of the closed model and the instant it first wakes.
struct PlannedUser {
  std::uint64_t user;    // 0 .. count-1 over all agents
  nanoseconds start{0};  // after the common start of the run
};

/// One arrival of the open model.
struct PlannedArrival {
  std::uint64_t arrival;  // 0 .. over all agents, in order of time
  nanoseconds at{0};      // intended start, after the common start of the run
};

/// Everything random about one request, fixed by the seed and the request's place in the plan.
struct RequestPlan {
  std::uint64_t prompt_seed;    // synthetic prompts: names the tokens; files: picks the line
  std::uint32_t prompt_tokens;  // synthetic prompts only, else 0
  std::uint32_t answer_tokens;  // at most; exactly so unless the scenario stops at the end token
  std::uint64_t sampling_seed;
  nanoseconds think_time{0};  // closed model: between this answer and the next question
};

struct LoadPlan {
  AgentShare share;
  std::vector<PlannedUser> users;        // closed model; empty for open
  std::vector<PlannedArrival> arrivals;  // open model, ordered by time; empty for closed
  nanoseconds stop{0};                   // warm-up + measure: nothing starts at or after it
};

LoadPlan make_load_plan(const Scenario& scenario, AgentShare share);

/// Request number `sequence` of user (closed), or arrival (open, sequence 0).
RequestPlan plan_request(const Scenario& scenario, std::uint64_t user_or_arrival,
                         std::uint64_t sequence);

/// A fingerprint of the share's plan: intended instants and the first requests' choices. Two runs
/// with equal fingerprints offer the same load.
std::uint64_t fingerprint(const Scenario& scenario, const LoadPlan& plan);

}  // namespace squall::scenarios
