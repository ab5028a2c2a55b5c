#include "agents/run/left_part.hpp"

#include <optional>
#include <string>
#include <utility>

namespace squall::agents {

using namespace actors;

LeftPart left_part(std::vector<AgentEntry> entries) {
  auto* opened = entries.empty() ? nullptr : std::get_if<PartOpened>(&entries.front());
  if (opened == nullptr)
    throw JournalError("it does not begin as an agent's journal does; name a file of that kind");
  LeftPart part{std::move(*opened), {}, {}, true};
  std::optional<Sealed> sealed;
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (auto* taken = std::get_if<BatchTaken>(&entries[i])) {
      if (sealed || taken->batch.sequence != part.outbox.taken() + 1)
        throw JournalError("its batches are not in order; the file is damaged");
      part.outbox.add(std::move(taken->batch.snapshot));
    } else if (auto* seal = std::get_if<PartSealed>(&entries[i])) {
      if (sealed || seal->sealed.batches != part.outbox.taken())
        throw JournalError("its seal does not count what is there; the file is damaged");
      sealed = std::move(seal->sealed);
    } else if (std::holds_alternative<AllAcknowledged>(entries[i])) {
      throw JournalError("the coordinator has all of it already; the file may be deleted");
    } else {
      throw JournalError("it holds the beginning of two parts; the file is damaged");
    }
  }
  part.had_sealed = sealed.has_value();
  part.sealed = sealed ? std::move(*sealed)
                       : part.outbox.seal(
                             "the agent's process ended before it had sealed its part;"
                             " what it did after batch " +
                             std::to_string(part.outbox.taken()) + " is not known");
  return part;
}

}  // namespace squall::agents
