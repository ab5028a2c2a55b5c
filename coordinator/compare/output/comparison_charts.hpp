#pragma once
// The charts of a comparison, as data: changes with intervals and margins, each run's values, and
// percentiles of both sides.

#include <string>
#include <vector>

#include "coordinator/compare/run_comparison.hpp"
#include "coordinator/pages/chart.hpp"

namespace squall::coordinator {

/// How much worse each figure got, whichever way that is, beside the margin that it may. Without
/// series where nothing was measured.
Chart change_chart(const RunComparison& comparison);

/// Figures that the page shows of each run: those compared, or the usual ones of runs that are
/// incomparable.
std::vector<std::string> figures_on_page(const RunComparison& comparison);

/// A figure's value in each run, the base's first, with the medians; linked over all figures.
Chart value_chart(const RunComparison& comparison, const std::string& figure);

/// Of "ttft", "tpot" and "e2e" where runs have them: the median of a side's runs at each
/// percentile, and the band of all of them.
std::vector<Chart> curve_charts(const RunComparison& comparison);

/// "base 1", "run 3": what charts and tables call the runs of a side.
std::string name_in_side(const char* side, std::size_t index);

}  // namespace squall::coordinator
