#pragma once
// Who is there, as a table for people and as JSON for programs.

#include <cstddef>
#include <string>

#include "actors/messages.hpp"

namespace squall::coordinator {

/// A head line, then one line an agent; safe to print.
std::string roster_text(const actors::Roster& roster, std::size_t width, bool colour);

/// {"schema": "squall-agents/1", "run", "scenario", "stage", "agents": [{"name", "host", "version",
/// "labels", "state", "identity", "last_heard_s", "batches"}]}
std::string roster_json(const actors::Roster& roster);

}  // namespace squall::coordinator
