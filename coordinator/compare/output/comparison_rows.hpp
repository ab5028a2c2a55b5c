#pragma once
// What every form of a comparison says in the same words: the cells of its table, and remarks.

#include <string>
#include <vector>

#include "coordinator/compare/run_comparison.hpp"

namespace squall::coordinator {

/// Of the cells: figure, base, run, change, interval, margin, p, verdict.
const std::vector<std::string>& comparison_headings();
std::vector<std::string> cells_of(const FigureComparison& figure);

/// "base  main: 5 runs, 20261121-… .. 20261121-…".
std::string side_text(const char* role, const ComparedSide& side);

/// What was left out, what differs on purpose, warnings, notes, and why a figure did not pass.
std::vector<std::string> remarks_of(const RunComparison& comparison);

}  // namespace squall::coordinator
