#pragma once
// What one agent will ask and when: fixed by (scenario, seed, share, trace) alone.
//
// The union of all agents' plans is exactly the plan of a single agent, for any number of agents
// and any shape. Arrivals are computed as they are needed: a plan of millions takes no memory.

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "scenarios/load/agent_share.hpp"
#include "scenarios/load/arrival_stream.hpp"
#include "scenarios/load/late_entry.hpp"
#include "scenarios/load/trace.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::scenarios {

/// One stretch of work of one user of the closed model: it first wakes at `start`, and asks nothing
/// new from `end` on. User i is at work while the shape lies above i: where the shape falls and
/// rises again a user has several stretches.
struct PlannedUser {
  std::uint64_t user;     // 0 .. over all agents
  std::uint32_t stretch;  // 0 .. of this user
  nanoseconds start{0};   // after the common start of the run
  nanoseconds end{0};

  friend bool operator==(const PlannedUser&, const PlannedUser&) = default;
};

/// Where a request stands in the plan. Open model: session and turn are 0.
struct RequestPlace {
  std::uint64_t who = 0;      // user, or arrival
  std::uint32_t session = 0;  // of this user; counts through all of its stretches
  std::uint32_t turn = 0;     // of this session

  friend bool operator==(const RequestPlace&, const RequestPlace&) = default;
};

/// Everything random about one request, fixed by the seed and the request's place in the plan.
struct RequestPlan {
  RequestPlace place;
  std::uint32_t category = 0;       // index into Scenario::categories; one per session
  std::uint64_t prompt_seed{};      // names made-up tokens; picks the line of a file
  std::uint64_t session_seed{};     // the same in all turns of a session: picks its conversation
  std::uint32_t prompt_tokens = 0;  // made-up prompts and traces, prefix included; else 0
  std::uint32_t prefix_group = 0;   // of SharedPrefixes; one per session
  std::uint32_t prefix_tokens = 0;  // of prompt_tokens, in a session's first turn; 0: no prefix
  std::uint32_t answer_tokens = 1;  // at most; exactly so unless an end token may end it
  std::uint64_t sampling_seed = 0;
  bool last_turn = true;  // the session ends with this request
  nanoseconds think_time{
      0};  // closed model: after this answer, the pause between sessions included
  bool check_accuracy = false;  // asked greedily, and again at rest
};

struct LoadPlan {
  AgentShare share;
  LateEntry entry;                     // none: the share is this agent's own from the start on
  std::vector<PlannedUser> users;      // closed model, by start; empty for open
  std::uint64_t arrivals = 0;          // open model: how many there will be in this share
  nanoseconds stop{0};                 // warm-up + measure: nothing starts at or after it
  std::shared_ptr<const Trace> trace;  // of a replay, else none
  std::shared_ptr<const ArrivalMarks> marks;           // of random arrivals, else none
  std::shared_ptr<const RepeatableStream> from_entry;  // arrivals with a late entry, there already
};

/// `trace` is what TraceReplay::file holds; required for a replay, else none. Random arrivals are
/// all walked through, whosever they are: seconds, for tens of millions.
LoadPlan make_load_plan(const Scenario& scenario, AgentShare share,
                        std::shared_ptr<const Trace> trace = nullptr, LateEntry entry = {});

/// The same for another share of the run that `own` is of, without walking through all of it.
LoadPlan make_late_plan(const Scenario& scenario, const LoadPlan& own, AgentShare share,
                        LateEntry entry);

/// From the plan's first arrival; empty for the closed model. The stream refers to neither argument
/// afterwards but for the trace.
std::unique_ptr<ArrivalStream> arrivals_of(const Scenario& scenario, const LoadPlan& plan);

/// `trace` as in make_load_plan. Costs about a microsecond and no memory.
RequestPlan plan_request(const Scenario& scenario, const RequestPlace& place,
                         const Trace* trace = nullptr);

/// A fingerprint of the share's plan: intended instants (of a million arrivals, at most) and the
/// choices of the first requests. Two runs with equal fingerprints offer the same load.
std::uint64_t fingerprint(const Scenario& scenario, const LoadPlan& plan);

}  // namespace squall::scenarios
