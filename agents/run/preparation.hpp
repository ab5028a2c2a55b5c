#pragma once
// What an agent has got ready before the start: its share of the load, and its target.

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "actors/messages.hpp"
#include "actors/target_ready.hpp"
#include "agents/run/caps_check.hpp"
#include "scenarios/load/load_plan.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::agents {

using std::chrono::nanoseconds;

/// A scenario that this agent cannot or may not run; the message says what to do.
struct ShareRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct PreparedShare {
  std::shared_ptr<const scenarios::Scenario> scenario;
  std::shared_ptr<const scenarios::LoadPlan> plan;
  std::uint64_t plan_fingerprint = 0;
  std::string folder;  // of the scenario file
  AskedLoad asked;     // by all shares so far
};

/// Reads the scenario, and the trace where it replays one, and plans. Throws ShareRefused.
PreparedShare prepare_share(const actors::Prepare& order, const actors::AgentCaps& caps);

/// Plans what a lost agent had, and adds it to what is asked. Throws ShareRefused when that is more
/// than the caps allow.
std::shared_ptr<const scenarios::LoadPlan> plan_piece(const actors::TakeOver& order,
                                                      const actors::AgentCaps& caps,
                                                      PreparedShare& share);

/// Of this plan, so long after its start.
std::uint32_t users_started(const scenarios::LoadPlan& plan, nanoseconds since_start);

using PreparedTarget = actors::TargetReady;

actors::Ready ready_message(const PreparedShare& share, const PreparedTarget& target,
                            const actors::Calibration& calibration, nanoseconds clock_error_bound);

}  // namespace squall::agents
