#pragma once
// Exactly-once accounting: where every planned request went.
//
//   scheduled = issued + dropped_late + cancelled_before_send
//   issued    = ok + error + timeout + cancelled + open_at_end        (once a run is sealed)
//
// Counts only grow. Deltas of consecutive snapshots add up to the totals.

#include <cstdint>
#include <string>
#include <vector>

namespace squall::actors {

struct Ledger {
  std::uint64_t scheduled = 0;  // intended starts that came due
  std::uint64_t issued = 0;     // handed to the target
  std::uint64_t dropped_late = 0;
  std::uint64_t cancelled_before_send = 0;
  std::uint64_t ok = 0;
  std::uint64_t error = 0;
  std::uint64_t timeout = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t open_at_end = 0;

  std::uint64_t ended() const { return ok + error + timeout + cancelled + open_at_end; }
  std::uint64_t in_flight() const { return issued - ended(); }  // only when issued >= ended()

  Ledger& operator+=(const Ledger& other);
  Ledger operator-(const Ledger& earlier) const;  // requires earlier <= *this, field by field
  friend bool operator==(const Ledger&, const Ledger&) = default;
};

/// Each broken identity of a sealed ledger in words ("issued 10 is not ok 8 + error 0 + …"); empty
/// when it balances.
std::vector<std::string> imbalances(const Ledger& sealed);

}  // namespace squall::actors
