#pragma once
// Who is there, in words, for whoever asks.

#include <vector>

#include "actors/fabric_times.hpp"
#include "actors/messages.hpp"
#include "coordinator/run/agents/agent_gathering.hpp"
#include "coordinator/run/agents/agent_roster.hpp"
#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

/// As many as fit a frame.
std::vector<actors::RosterLine> roster_lines(const AgentGathering& gathering, Instant now);
std::vector<actors::RosterLine> roster_lines(const AgentRoster& roster, const RunRecord& record,
                                             const actors::FabricTimes& times, Instant now);

}  // namespace squall::coordinator
