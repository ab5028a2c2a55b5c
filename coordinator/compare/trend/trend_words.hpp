#pragma once
// What a figure did from run to run, in words that text and page share.

#include <string>

#include "coordinator/compare/trend/run_trend.hpp"

namespace squall::coordinator {

/// "+1.20 %"; of shares "+1.20 points".
std::string trend_change(double change, FigureKind kind);

/// "+0.12 % a run (95 %: -0.05 % .. +0.31 %), may be none"; or why it is unknown.
std::string slope_in_words(const FigureTrend& trend);

/// "worse by +31.80 % from run 20261121-… on (p 0.002)".
std::string step_in_words(const TrendStep& step, FigureKind kind);

/// "run 20261121-… with 200 ms, +9.1 robust deviations from its stretch".
std::string anomaly_in_words(const TrendAnomaly& odd, FigureKind kind);

}  // namespace squall::coordinator
