#pragma once
// A run's report as one HTML page, from the text of its JSON report.

#include <string>

namespace squall::coordinator {

/// Throws ReportUnreadable for anything but a report of a run.
std::string html_report(const std::string& json);

}  // namespace squall::coordinator
