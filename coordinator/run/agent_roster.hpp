#pragma once
// Who takes part in a run, and who is still alive: fencing by epoch, liveness by any traffic.
// Plain logic; time is an argument.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/bridge/link.hpp"
#include "actors/messages.hpp"
#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

using actors::Instant;

struct RosterEntry {
  actors::PeerId peer;
  AgentRecord record;
  Instant last_heard;
  int protocol_errors = 0;
  bool seal_acknowledged = false;

  bool alive() const { return !record.lost; }
};

class AgentRoster {
 public:
  explicit AgentRoster(std::size_t wanted) : wanted_(wanted) {}

  bool complete() const { return entries_.size() == wanted_; }
  std::size_t wanted() const { return wanted_; }
  std::vector<RosterEntry>& entries() { return entries_; }
  const std::vector<RosterEntry>& entries() const { return entries_; }

  /// Takes a greeting. A repeated one is the same entry; a further agent than wanted is refused by
  /// returning nothing.
  RosterEntry* on_hello(const actors::PeerId& peer, std::uint64_t epoch, const actors::Hello& hello,
                        Instant now);

  /// The entry that speaks from `peer` in `epoch`; null for strangers and for fenced-off epochs.
  RosterEntry* find(const actors::PeerId& peer, std::uint64_t epoch);
  RosterEntry* find_by_process(std::uint64_t process_id);

  /// All have joined: shares go by name, so that local-1 is always the first.
  void deal_shares();

  /// The coordinator itself was not listening for so long: nobody's silence counts.
  void excuse(std::chrono::nanoseconds duration);

  /// Marks those silent for longer than `limit` as lost, and returns them.
  std::vector<RosterEntry*> lose_silent(Instant now, std::chrono::nanoseconds limit);

  template <class Predicate>
  bool all_alive(Predicate holds) const {
    for (const auto& entry : entries_)
      if (entry.alive() && !holds(entry)) return false;
    return true;
  }

 private:
  std::size_t wanted_;
  std::vector<RosterEntry> entries_;
};

}  // namespace squall::coordinator
