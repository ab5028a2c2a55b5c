#pragma once
// Cells and lines of tables as RFC 4180 has them, for every table of a run.

#include <optional>
#include <string>
#include <vector>

#include "coordinator/report/reading/reported_run.hpp"

namespace squall::coordinator {

using CsvCells = std::vector<std::string>;

/// The shortest digits that mean the same number; empty for none.
std::string csv_number(const std::optional<double>& value);

/// A name from elsewhere, which must not become a formula where the table is opened.
std::string csv_name(const std::string& name);

/// With quotes where they are needed, and its line end.
std::string csv_line(const CsvCells& cells);

/// What every row begins with, so that tables of several runs can be put together: run, scenario,
/// and what the reader must know before any figure.
CsvCells csv_beginning(const ReportedRun& run);

}  // namespace squall::coordinator
