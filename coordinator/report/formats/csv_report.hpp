#pragma once
// A run's figures as tables for spreadsheets and data frames (RFC 4180, UTF-8): one value a cell,
// units in the column's name or beside the value, an empty cell for what is not known.

#include <string>

#include "coordinator/report/reading/reported_run.hpp"

namespace squall::coordinator {

/// A row for each statistic of each metric and phase: run, scenario, banner, phase, category,
/// metric, statistic, value, low, high, unit, samples, note. `banner` is what the reader must know
/// first, such as that the target is simulated. Texts that a spreadsheet would take for a formula
/// begin with an apostrophe.
std::string csv_of_metrics(const ReportedRun& run);

/// A row for each second of the run; times in seconds, `at` since the common start.
std::string csv_of_timeline(const ReportedRun& run, const ReportedSeries& timeline);

}  // namespace squall::coordinator
