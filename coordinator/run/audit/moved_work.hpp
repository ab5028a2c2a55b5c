#pragma once
// What the scenario's plan says of work that was moved from a lost agent to others: how much nobody
// asked while it was moved, and how much the new agents began to ask. Recomputed from the seed.

#include <cstdint>
#include <optional>
#include <vector>

#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

/// Of one MovedShare. Arrivals of the open model; seconds of users' time of the closed one.
struct MovedWork {
  bool known = false;       // a trace's file is not at hand here, so nothing of a replay is
  std::uint64_t idle = 0;   // due after the lost agent's lease and before the take-over
  std::uint64_t due = 0;    // from the take-over on
  std::uint64_t taken = 0;  // of due: all but what the ramp leaves out
  double idle_seconds = 0, due_seconds = 0, taken_seconds = 0;  // closed model

  std::uint64_t left_out() const { return due - (taken < due ? taken : due); }
};

/// From then on the lost agent started nothing: the end of its lease, or when it was given up.
nanoseconds idle_from(const AgentRecord& lost);

/// Whether the order counts as its taker's work: it said so, or was lost itself before it could,
/// and then what it did with it is not known.
inline bool is_given(const RunRecord& record, const MovedShare& moved) {
  return moved.taken || record.agents.at(moved.to).lost.has_value();
}

/// One for each of record.moved. Walks the plan of each lost agent twice: some 50 ns for each
/// arrival of the run.
std::vector<MovedWork> moved_work(const RunRecord& record);

}  // namespace squall::coordinator
