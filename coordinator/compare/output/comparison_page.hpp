#pragma once
// A comparison as an HTML page of one file: the judgement and why, each figure with its interval
// and margin, every run's values, percentile curves, and what was compared.

#include <string>

#include "coordinator/compare/run_comparison.hpp"

namespace squall::coordinator {

std::string comparison_page(const RunComparison& comparison);

}  // namespace squall::coordinator
