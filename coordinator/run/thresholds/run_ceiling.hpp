#pragma once
// The ceiling of a whole run: each agent's roofline, at the concurrency that was measured.

#include <string>

#include "coordinator/run/run_record.hpp"
#include "coordinator/run/threshold_result.hpp"

namespace squall::coordinator {

struct RunCeiling {
  double tokens_per_second = 0;
  double concurrency = 0;    // requests in flight on each engine
  double context = 0;        // positions before a token, on average
  bool memory_bound = true;  // of the first agent
  std::string missing;       // why there is none; empty: there is one
};

/// `in_flight` is the mean over all agents. Agents of one host share the
/// ceilings of its processors, those of one GPU that GPU's.
RunCeiling ceiling_of(const RunRecord& record, double in_flight);

/// Fills in the limit of a threshold that is a share of the ceiling, and says how. What is missing
/// for it comes back; empty: nothing.
std::string apply_ceiling(ThresholdResult& result, const RunRecord& record, double in_flight);

}  // namespace squall::coordinator
