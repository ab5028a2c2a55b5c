#pragma once
// Which agent has which part of the load, and how the work of a lost one moves to those that are
// left: not before its lease can be no more, piece by piece, again when a taker is lost. Plain
// logic; time is an argument.

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "actors/bridge/link.hpp"
#include "actors/journal/run_entries.hpp"
#include "actors/messages.hpp"

namespace squall::coordinator {

using actors::Instant;
using std::chrono::nanoseconds;

class ShareMoves {
 public:
  void deal(std::uint32_t agent, scenarios::AgentShare share);
  /// Its work may be given to others from `movable_at` on.
  void lost(std::uint32_t agent, Instant movable_at);
  /// Nothing moves any more: the load has ended.
  void end() { waiting_.clear(); }

  /// Whether any work waits to be moved at `now`.
  bool due(Instant now) const;
  /// What to decide about it: the pieces spread over `takers`, none of whom is lost.
  std::vector<actors::ShareMoved> orders(Instant now, const std::vector<std::uint32_t>& takers,
                                         nanoseconds from, nanoseconds ramp) const;
  /// It was decided, now or before the coordinator came back.
  void moved(const actors::ShareMoved& decision);

  /// The taker has it. False for what it was not asked, or has confirmed before.
  bool took_over(std::uint32_t agent, std::uint32_t number);
  /// What the agent was told to take over and has not confirmed.
  std::vector<actors::TakeOver> unconfirmed(std::uint32_t agent) const;

 private:
  using Shares = std::vector<scenarios::AgentShare>;

  std::map<std::uint32_t, Shares> held_;      // by agent
  std::map<std::uint32_t, Instant> waiting_;  // lost agents whose work is to move: when it may
  std::map<std::uint32_t, std::vector<actors::TakeOver>> unconfirmed_;  // by taker
  std::uint32_t orders_ = 0;
};

}  // namespace squall::coordinator
