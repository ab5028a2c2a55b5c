#pragma once
// Who takes part in a run, from where they speak, who is alive and until when each may start
// requests. Found by epoch, connection, key or process, however many there are. Plain logic; time
// is an argument.

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/bridge/link.hpp"
#include "actors/messages.hpp"

namespace squall::coordinator {

using actors::Instant;
using std::chrono::nanoseconds;

struct RosterEntry {
  std::uint32_t number = 0;  // in the order of joining; how everything else names this agent
  std::string identity;      // name of its key; empty without keys
  std::uint64_t epoch = 0;
  std::uint64_t process_id = 0;
  std::string host;
  actors::PeerId peer;                       // empty: not heard of since the coordinator came back
  std::vector<actors::PeerId> former_peers;  // of connections that it had; the newest few
  Instant last_heard;
  Instant last_renewed;    // when its newest heartbeat was answered; its lease counts from earlier
  Instant told_at;         // when it last heard how many of its batches are kept …
  std::uint64_t told = 0;  // … and how many; 0 on a new connection
  int protocol_errors = 0;
  bool ready = false, started = false;
  bool sealed = false;
  bool lost = false;  // fenced off: hands over what it has, gets nothing more to do
  bool heard_since_lost = false;
  std::string refused;  // nothing of it is believed any more, and why; else empty
};

class AgentRoster {
 public:
  /// Numbers go up from 0, one after the other.
  RosterEntry& add(std::string identity, std::uint64_t epoch, const actors::Hello& hello);

  /// The same agent, started again before it began: the old epoch is fenced off.
  void replace(RosterEntry& agent, std::uint64_t epoch, const actors::Hello& hello);
  bool is_replaced(std::uint64_t epoch) const { return replaced_.contains(epoch); }

  std::vector<RosterEntry>& entries() { return entries_; }
  const std::vector<RosterEntry>& entries() const { return entries_; }
  RosterEntry& at(std::uint32_t number) { return entries_.at(number); }
  const RosterEntry& at(std::uint32_t number) const { return entries_.at(number); }

  /// Null for strangers.
  RosterEntry* find(std::uint64_t epoch);
  RosterEntry* find_peer(const actors::PeerId& peer);
  RosterEntry* find_identity(const std::string& identity);
  RosterEntry* find_process(std::uint64_t process_id, const std::string& host);

  /// It spoke from `peer`, which is where it is answered from now on.
  void heard(RosterEntry& agent, const actors::PeerId& peer, Instant now);

  void mark_ready(RosterEntry& agent);
  void mark_sealed(RosterEntry& agent);
  void mark_lost(RosterEntry& agent);

  std::size_t lost() const { return lost_; }
  std::size_t alive() const { return entries_.size() - lost_; }
  /// Of those alive.
  bool all_ready() const { return unready_ == 0; }
  bool all_sealed() const { return unsealed_ == 0; }

  /// The coordinator itself was not listening for so long: nobody's silence counts. What leases it
  /// gave have run on meanwhile.
  void excuse(nanoseconds duration, Instant now);
  /// Alive, not sealed, and not heard for so long.
  std::vector<std::uint32_t> silent(Instant now, nanoseconds limit) const;

 private:
  std::vector<RosterEntry> entries_;
  std::unordered_map<std::uint64_t, std::uint32_t> by_epoch_;
  std::unordered_map<actors::PeerId, std::uint32_t> by_peer_;  // former ones, too
  std::unordered_map<std::string, std::uint32_t> by_identity_;
  std::unordered_set<std::uint64_t> replaced_;  // epochs
  std::size_t lost_ = 0;
  std::size_t unready_ = 0, unsealed_ = 0;  // alive
};

}  // namespace squall::coordinator
