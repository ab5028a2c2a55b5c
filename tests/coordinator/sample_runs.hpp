#pragma once
// Records of runs that never took place, for the tests of audit, verdict and reports: a healthy one
// to mutate, and one whose latencies are given.

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/run/run_record.hpp"

namespace squall::tests {

using coordinator::RunRecord;
using std::chrono::nanoseconds;

/// Two agents, 20 constant arrivals a second, 5 s warm-up, 30 s measured: every audit line passes
/// and all three thresholds are met.
RunRecord healthy_record();

/// A healthy record of one agent and a closed model: 5 users without think time.
RunRecord healthy_closed_record();

/// The healthy record after much went wrong: an agent with a hostile name died, requests failed
/// with hostile reasons, the model is synthetic, and too little was measured.
RunRecord troubled_record();

/// A simulated target behind retries and a cache, two categories of prompts, a cap, events, a check
/// of accuracy, and 4 s in which nothing came.
RunRecord varied_record();

/// One more batch from an agent, kept and sealed.
void add_batch(RunRecord& record, std::size_t agent, const actors::MetricsSnapshot& snapshot);

/// An empty interval in the middle of the measured window; it takes no time.
actors::MetricsSnapshot moment_in_window();

/// How the requests of a measured phase ended.
struct Ended {
  std::vector<std::pair<nanoseconds, std::uint64_t>> completed{};  // ttft and e2e, how many times
  std::uint64_t errors = 0, timeouts = 0, open_at_end = 0, dropped_late = 0;
};

/// One agent, closed model, timeout 60 s, drain 10 s, and one threshold; sealed and consistent.
RunRecord record_of(const Ended& ended, const std::string& threshold);

}  // namespace squall::tests
