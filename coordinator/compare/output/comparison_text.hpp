#pragma once
// A comparison for people: as a table on a terminal, and as Markdown for a pull request.

#include <cstddef>
#include <string>

#include "coordinator/compare/run_comparison.hpp"

namespace squall::coordinator {

struct ComparisonStyle {
  bool colour = false;
  std::size_t width = 100;
};

std::string comparison_text(const RunComparison& comparison, const ComparisonStyle& style);

/// How far apart runs of one kind lie: median, spread and range of what is usually gated.
std::string spread_text(const std::vector<RunFigures>& runs);

std::string comparison_markdown(const RunComparison& comparison);

}  // namespace squall::coordinator
