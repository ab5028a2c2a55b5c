#pragma once
// What an agent writes down of its part in a run before it sends it: so that nothing that was
// measured is lost when coordinator, connection or agent is.

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "actors/journal/journal.hpp"
#include "actors/messages.hpp"

namespace squall::actors {

struct PartOpened {  // always the first
  std::string run;
  std::uint64_t epoch = 0;
  Hello hello;
  scenarios::AgentShare share;
};
struct BatchTaken {
  MetricsBatch batch;
};
struct PartSealed {
  Sealed sealed;
};
struct AllAcknowledged {};  // the coordinator has it all; the file may be deleted
using AgentEntry = std::variant<PartOpened, BatchTaken, PartSealed, AllAcknowledged>;

Bytes encode(const AgentEntry& entry);
/// Empty for what is no entry of this version. Never throws.
std::optional<AgentEntry> decode_agent_entry(std::span<const std::byte> record);
/// Throws JournalError, also for records that are none of ours.
std::vector<AgentEntry> read_agent_journal(const std::filesystem::path& file);

}  // namespace squall::actors
