#pragma once
// Where every planned request went, in the terms people ask in:
//
//   planned = completed + failed + cancelled + lost
//
// Made from the figures that the coordinator kept, so that it also holds for an agent that died:
// what such an agent had in flight at its last report, and what it never reported, is lost. Work
// that was moved counts with the agent that took it over; what the ramp left out, which is never
// sent, stays with the one that was lost.

#include <cstdint>
#include <vector>

#include "coordinator/run/audit/moved_work.hpp"
#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

struct RequestAccount {
  std::uint64_t planned = 0;  // open model: by the plan; closed model: what came due
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;     // errors and timeouts
  std::uint64_t cancelled = 0;  // by us: stopped, abandoned when the drain ended, or never sent
  std::uint64_t lost = 0;

  std::uint64_t timed_out = 0;       // of failed
  std::uint64_t open_at_end = 0;     // of cancelled
  std::uint64_t not_sent = 0;        // of cancelled: dropped, or not yet due when we stopped
  std::uint64_t lost_in_flight = 0;  // of lost: in flight, or due, at the agent's last report
  std::uint64_t never_reported = 0;  // of lost: the rest
  std::uint64_t surplus = 0;         // accounted for but never planned: a broken ledger
  std::uint64_t left_out = 0;        // of not_sent: of moved work, while the load rose again
  std::uint64_t never_due = 0;       // of not_sent: not yet due when a sealed agent was stopped
  std::uint64_t moved_on = 0;        // came due at the lost agent, too, which no longer asked them

  RequestAccount& operator+=(const RequestAccount& other);
  friend bool operator==(const RequestAccount&, const RequestAccount&) = default;
};

/// All phases of one agent, by its index in record.agents.
RequestAccount account_of(const RunRecord& record, std::size_t agent,
                          const std::vector<MovedWork>& work);
/// Of each agent.
std::vector<RequestAccount> accounts_of(const RunRecord& record);
RequestAccount sum_of(const std::vector<RequestAccount>& accounts);

/// Both phases of a ledger that the coordinator kept of an agent.
actors::Ledger kept_ledger(const RunRecord& record, std::size_t agent);

}  // namespace squall::coordinator
