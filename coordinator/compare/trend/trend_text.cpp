#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "coordinator/compare/trend/run_trend.hpp"
#include "coordinator/preview/block_chart.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

std::string change_of(double change, FigureKind kind) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%+.2f %s", 100 * change,
                kind.by_difference() ? "points" : "%");
  return text.data();
}

/// One column a run where there is room, else the mean of several.
std::vector<double> columns_of(const std::vector<double>& values, std::size_t columns) {
  std::vector<double> drawn;
  for (std::size_t i = 0; i < columns; ++i) {
    const std::size_t begin = i * values.size() / columns;
    const std::size_t end = std::max(begin + 1, (i + 1) * values.size() / columns);
    double sum = 0;
    for (std::size_t j = begin; j < end; ++j) sum += values[j];
    drawn.push_back(sum / static_cast<double>(end - begin));
  }
  return drawn;
}

std::string chart_of(const FigureTrend& trend, std::size_t width, bool unicode) {
  const BlockChartStyle style{
      .width = std::min<std::size_t>(width, 80), .height = 5, .unicode = unicode};
  std::vector<BlockChartMark> marks;
  for (const auto& step : trend.steps)
    marks.push_back(
        {static_cast<double>(step.index) / static_cast<double>(trend.values.size()), "^"});
  auto values = columns_of(trend.values, chart_columns(style));
  const bool durations = trend.kind.unit == FigureUnit::seconds;
  const bool shares = trend.kind.unit == FigureUnit::share;
  for (double& value : values) value *= durations ? 1000 : shares ? 100 : 1;
  std::string text = durations ? "  ms\n" : shares ? "  %\n" : "";
  for (const auto& line : column_chart(values, marks, {}, style))
    if (line.find_first_not_of(' ') != std::string::npos) text += line + "\n";
  return text;
}

std::string slope_text(const FigureTrend& trend) {
  if (!trend.slope) return "slope: unknown, three runs are needed";
  std::string text = "slope: " + change_of(trend.slope->estimate, trend.kind) + " a run";
  if (!std::isfinite(trend.slope->high)) return text + "; too few runs for an interval";
  text += " (95 %: " + change_of(trend.slope->low, trend.kind) + " .. " +
          change_of(trend.slope->high, trend.kind) + ")";
  if (trend.slope->low <= 0 && trend.slope->high >= 0) return text + ", may be none";
  const bool rises = trend.slope->low > 0;
  return text + (rises == trend.kind.more_is_better ? ", getting better" : ", getting worse");
}

std::string text_of(const FigureTrend& trend, std::size_t width, bool unicode) {
  std::string text = trend.figure + ": ";
  if (trend.values.empty()) return text + "no run has it\n\n";
  text += "median " + readable_figure(trend.median, trend.kind.unit) + ", volatility " +
          readable_share(trend.volatility) + "\n" + chart_of(trend, width, unicode);
  text += "  " + slope_text(trend) + "\n";
  for (const auto& step : trend.steps) {
    std::array<char, 32> p{};
    std::snprintf(p.data(), p.size(), "%.3f", step.p);
    text += std::string("  change: ") + (step.worse ? "worse by " : "better by ") +
            change_of(step.change, trend.kind) + " from run " + printable(step.run) + " on (p " +
            p.data() + ")\n";
  }
  for (const auto& odd : trend.anomalies) {
    std::array<char, 32> score{};
    std::snprintf(score.data(), score.size(), "%+.1f", odd.score);
    text += "  odd: run " + printable(odd.run) + " with " +
            readable_figure(odd.value, trend.kind.unit) + ", " + score.data() +
            " robust deviations from its stretch\n";
  }
  return text + "\n";
}

}  // namespace

std::string trend_text(const TrendSeries& series, const std::vector<FigureTrend>& trends,
                       std::size_t width, bool unicode) {
  std::string text = printable(series.scenario) + " [" + printable(series.scenario_hash) +
                     "]: " + plural(series.runs.size(), "run");
  if (!series.runs.empty())
    text +=
        ", " + printable(series.started_at.front()) + " .. " + printable(series.started_at.back());
  text += "\n  model    " +
          (series.model_fingerprint.empty() ? "unknown" : printable(series.model_fingerprint)) +
          "\n  hardware " +
          (series.hardware_fingerprint.empty() ? "unknown: make sure that all ran on one machine"
                                               : printable(series.hardware_fingerprint)) +
          "\n";
  if (series.left_out > 0)
    text += "  left out: " + plural(series.left_out, "run") +
            " of another text, model or machine than the newest\n";
  if (series.unusable > 0)
    text += "  left out: " + plural(series.unusable, "run") + " invalid or not finished\n";
  text += "\n";
  for (const auto& trend : trends) text += text_of(trend, width, unicode);
  return text;
}

}  // namespace squall::coordinator
