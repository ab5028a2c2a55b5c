#pragma once
// A run's report as Markdown, short enough for the comment of a pull request: verdict, thresholds,
// percentiles with their intervals, ledger, audit.

#include <string>

#include "coordinator/report/reading/reported_run.hpp"

namespace squall::coordinator {

/// Whatever others named stays text. At most most_rows rows a table; what is left out is counted.
std::string markdown_report(const ReportedRun& run);

}  // namespace squall::coordinator
