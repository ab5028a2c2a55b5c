#pragma once
// How many requests of the open model one agent may have in flight: its exact part of what the
// scenario allows over all agents.

#include <cstdint>
#include <optional>

#include "scenarios/load/agent_share.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::agents {

struct InFlightLimit {
  std::optional<std::uint64_t> most;  // none: no limit. The parts of all shares add up to the whole
  scenarios::WhenFull when_full = scenarios::WhenFull::wait;

  bool allows(std::uint64_t in_flight) const { return !most || in_flight < *most; }
};

/// A part may be 0, with more agents than the scenario allows requests: such an agent could start
/// nothing, so refuse it before the run.
InFlightLimit in_flight_limit(const scenarios::Load& load, scenarios::AgentShare share);

}  // namespace squall::agents
