#pragma once
// What the journal of an agent that is no more says of its part in a run.

#include <vector>

#include "agents/run/batch_outbox.hpp"

namespace squall::agents {

struct LeftPart {
  actors::PartOpened opened;
  BatchOutbox outbox;      // all of its batches
  actors::Sealed sealed;   // its own, or one that says what is not known
  bool had_sealed = true;  // it is its own
};

/// Throws actors::JournalError for entries that are no agent's part in a run, for gaps, and for a
/// part of which the coordinator has everything.
LeftPart left_part(std::vector<actors::AgentEntry> entries);

}  // namespace squall::agents
