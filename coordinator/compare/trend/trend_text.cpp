#include <algorithm>

#include "coordinator/compare/trend/run_trend.hpp"
#include "coordinator/compare/trend/trend_words.hpp"
#include "coordinator/preview/block_chart.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

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

std::string text_of(const FigureTrend& trend, std::size_t width, bool unicode) {
  std::string text = trend.figure + ": ";
  if (trend.values.empty()) return text + "no run has it\n\n";
  text += "median " + readable_figure(trend.median, trend.kind.unit) + ", volatility " +
          readable_share(trend.volatility) + "\n" + chart_of(trend, width, unicode);
  text += "  slope: " + slope_in_words(trend) + "\n";
  for (const auto& step : trend.steps)
    text += "  change: " + step_in_words(step, trend.kind) + "\n";
  for (const auto& odd : trend.anomalies)
    text += "  odd: " + anomaly_in_words(odd, trend.kind) + "\n";
  return text + "\n";
}

}  // namespace

std::string trend_text(const TrendSeries& series, const std::vector<FigureTrend>& trends,
                       std::size_t width, bool unicode) {
  std::string text;
  for (const auto& banner : series.banners) text += "*** " + printable(banner) + " ***\n";
  text += printable(series.scenario) + " [" + printable(series.scenario_hash) +
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
