#pragma once
// A trend as an HTML page of one file: every figure from run to run, with its slope, changes of
// level and odd runs.

#include <string>
#include <vector>

#include "coordinator/compare/trend/run_trend.hpp"

namespace squall::coordinator {

std::string trend_page(const TrendSeries& series, const std::vector<FigureTrend>& trends);

}  // namespace squall::coordinator
