#pragma once
// A run's latencies as an HdrHistogram log (format 1.3), which HdrHistogram's own readers and
// plotters take: a line an interval and metric, tagged with the metric's name.

#include <optional>
#include <string>
#include <vector>

#include "coordinator/report/formats/interval_histograms.hpp"
#include "coordinator/report/reading/reported_run.hpp"

namespace squall::coordinator {

/// Completed requests of the measured phase, in whole microseconds; Interval_Max in milliseconds.
/// Without intervals one line a metric stands for the whole phase. `only`: that metric alone, and
/// without a tag, for readers that know none.
std::string hlog_report(const ReportedRun& run,
                        const std::vector<IntervalHistograms::Interval>& intervals,
                        const std::string& only = {});

/// Seconds since 1970 of "2026-11-21T06:33:41Z"; none for anything else.
std::optional<std::int64_t> seconds_since_1970(const std::string& instant);

}  // namespace squall::coordinator
