#pragma once
// Can this run be believed? Each line of the audit compares one thing that the run measured about
// itself with its limit; a single failed line makes the run invalid. Limits: docs/measurement.md,
// section 5.

#include <chrono>
#include <string>
#include <vector>

#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

enum class AuditStatus {
  passed,
  warning,  // nothing is wrong yet, but near it
  failed,
  not_applicable,  // the question does not arise in this run
  not_enough       // too little was measured to answer it
};

struct AuditLine {
  std::string name{};  // "dispatch delay"
  AuditStatus status = AuditStatus::not_enough;
  std::string measured{};     // "p99 0.21 ms"; empty when nothing could be measured
  std::string limit{};        // "at most 1.00 ms"
  std::string explanation{};  // why it failed and what it means, or why it does not apply
};

namespace audit_limits {

using namespace std::chrono_literals;

inline constexpr nanoseconds dispatch_delay = 1ms;    // or, when more, …
inline constexpr double dispatch_delay_share = 0.01;  // … of the median ttft
inline constexpr double late_and_dropped_share = 0.001;
inline constexpr double calibration_warning = 0.5;  // of what an agent can drive; all of it fails
inline constexpr double arrival_rate_error = 0.01;
inline constexpr double littles_law_error = 0.05;
inline constexpr double steady_state_error = 0.025;  // arrivals against answers
inline constexpr std::uint64_t littles_law_answers = 100;
inline constexpr double littles_law_lengths = 20;  // of the mean answer in the window
inline constexpr nanoseconds loop_lag = 100ms;
inline constexpr double generator_cores = 0.7;
inline constexpr nanoseconds clock_error = 50ms;
inline constexpr nanoseconds start_spread = 10ms;

}  // namespace audit_limits

/// In the order in which they are to be read. Lines that ask about nothing yet measured are left
/// out rather than printed empty.
std::vector<AuditLine> audit(const RunRecord& record);

/// Those of its questions that can be asked while the run goes on, in the same order. Cheap: it is
/// asked every second, of a thousand agents.
std::vector<AuditLine> audit_so_far(const RunRecord& record);

}  // namespace squall::coordinator
