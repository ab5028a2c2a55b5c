#pragma once
// The words that the written formats of a report share.

#include <string>

#include "coordinator/report/reading/reported_run.hpp"

namespace squall::coordinator {

/// "PASS", "INVALID (SIMULATED target)".
std::string verdict_word(const ReportedRun& run);

/// "69.0 ms", ">= 2.00 s"; empty where nothing may be printed.
std::string measured_text(const ReportedThreshold& threshold);

/// "69.0 ms (68.7..69.4)", ">= 2.00 s", "insufficient, needs 3,688".
std::string percentile_text(const ReportedPercentile& estimate);

/// What was measured, its limit and why, in one line.
std::string audit_text(const ReportedAuditLine& line);

}  // namespace squall::coordinator
