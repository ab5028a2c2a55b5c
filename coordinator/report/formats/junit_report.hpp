#pragma once
// A run's report as JUnit XML, which every CI service shows: a test for the verdict, for each
// threshold and for each line of the audit.

#include <string>

#include "coordinator/report/reading/reported_run.hpp"

namespace squall::coordinator {

/// A missed threshold is a failure. What could not be decided, and what makes the run invalid, is
/// an error: neither is green. What does not apply, or was too little to tell, is skipped.
std::string junit_report(const ReportedRun& run);

}  // namespace squall::coordinator
