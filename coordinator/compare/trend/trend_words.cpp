#include "coordinator/compare/trend/trend_words.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "coordinator/text/printable_text.hpp"

namespace squall::coordinator {

namespace {

std::string formatted(const char* format, double value) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

}  // namespace

std::string trend_change(double change, FigureKind kind) {
  return formatted("%+.2f", 100 * change) + (kind.by_difference() ? " points" : " %");
}

std::string slope_in_words(const FigureTrend& trend) {
  if (!trend.slope) return "unknown, three runs are needed";
  std::string text = trend_change(trend.slope->estimate, trend.kind) + " a run";
  if (!std::isfinite(trend.slope->high)) return text + "; too few runs for an interval";
  text += " (95 %: " + trend_change(trend.slope->low, trend.kind) + " .. " +
          trend_change(trend.slope->high, trend.kind) + ")";
  if (trend.slope->low <= 0 && trend.slope->high >= 0) return text + ", may be none";
  const bool rises = trend.slope->low > 0;
  return text + (rises == trend.kind.more_is_better ? ", getting better" : ", getting worse");
}

std::string step_in_words(const TrendStep& step, FigureKind kind) {
  return std::string(step.worse ? "worse by " : "better by ") + trend_change(step.change, kind) +
         " from run " + printable(step.run) + " on (p " + formatted("%.3f", step.p) + ")";
}

std::string anomaly_in_words(const TrendAnomaly& odd, FigureKind kind) {
  return "run " + printable(odd.run) + " with " + readable_figure(odd.value, kind.unit) + ", " +
         formatted("%+.1f", odd.score) + " robust deviations from its stretch";
}

}  // namespace squall::coordinator
