#include "coordinator/compare/trend/run_trend.hpp"

#include <algorithm>
#include <cmath>

#include "coordinator/compare/rank_statistics.hpp"
#include "coordinator/report/reading/report_figures.hpp"

namespace squall::coordinator {

namespace {

bool usable(const StoredRun& run) { return has_usable_figures(run.outcome); }

bool same_series(const StoredRun& a, const StoredRun& b) {
  return a.beginning.scenario_hash == b.beginning.scenario_hash &&
         a.model_fingerprint == b.model_fingerprint &&
         a.hardware_fingerprint == b.hardware_fingerprint;
}

/// Where differences have a meaning: logarithms, and shares as they are.
std::vector<double> on_scale(const std::vector<double>& values, FigureKind kind) {
  std::vector<double> scaled;
  for (const double value : values)
    scaled.push_back(kind.by_difference() ? value : std::log(std::max(value, 1e-9)));
  return scaled;
}

double change_of(double difference, FigureKind kind) {
  return kind.by_difference() ? difference : std::expm1(difference);
}

/// From `begin` to `end`, medians and outliers of one level.
void add_anomalies(FigureTrend& trend, const std::vector<double>& scaled, std::size_t begin,
                   std::size_t end) {
  const std::vector<double> part(scaled.begin() + static_cast<std::ptrdiff_t>(begin),
                                 scaled.begin() + static_cast<std::ptrdiff_t>(end));
  const auto scores = robust_scores(part);
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (std::abs(scores[i]) > anomalous_score)
      trend.anomalies.push_back(
          {begin + i, trend.runs[begin + i], trend.values[begin + i], scores[i]});
}

double median_between(const std::vector<double>& values, std::size_t begin, std::size_t end) {
  return median_of({values.begin() + static_cast<std::ptrdiff_t>(begin),
                    values.begin() + static_cast<std::ptrdiff_t>(end)});
}

void add_steps(FigureTrend& trend, const std::vector<double>& scaled, std::uint64_t seed) {
  const auto found = change_points(scaled, seed);
  std::vector<std::size_t> borders{0};
  for (const auto& each : found) borders.push_back(each.first_after);
  borders.push_back(scaled.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double difference = median_between(scaled, borders[i + 1], borders[i + 2]) -
                              median_between(scaled, borders[i], borders[i + 1]);
    const std::size_t index = found[i].first_after;
    trend.steps.push_back({index, trend.runs[index], change_of(difference, trend.kind),
                           trend.kind.more_is_better ? difference < 0 : difference > 0,
                           found[i].p});
  }
  for (std::size_t i = 0; i + 1 < borders.size(); ++i)
    add_anomalies(trend, scaled, borders[i], borders[i + 1]);
}

}  // namespace

TrendSeries series_of(const std::vector<StoredRun>& runs) {
  TrendSeries series;
  const auto newest = std::find_if(runs.rbegin(), runs.rend(), usable);
  if (newest == runs.rend()) {
    series.unusable = runs.size();
    return series;
  }
  series.scenario = newest->beginning.scenario;
  series.scenario_hash = newest->beginning.scenario_hash;
  series.model_fingerprint = newest->model_fingerprint;
  series.hardware_fingerprint = newest->hardware_fingerprint;
  for (const auto& run : runs) {
    if (!usable(run)) {
      ++series.unusable;
    } else if (!same_series(run, *newest)) {
      ++series.left_out;
    } else {
      series.runs.push_back(run.beginning.run);
      series.started_at.push_back(run.beginning.started_at);
    }
  }
  if (series.runs.size() > most_in_series) {
    const auto surplus = static_cast<std::ptrdiff_t>(series.runs.size() - most_in_series);
    series.runs.erase(series.runs.begin(), series.runs.begin() + surplus);
    series.started_at.erase(series.started_at.begin(), series.started_at.begin() + surplus);
  }
  return series;
}

FigureTrend trend_of(const std::string& figure, const TrendSeries& series,
                     const std::vector<StoredRun>& runs, std::uint64_t seed) {
  FigureTrend trend;
  trend.figure = figure;
  trend.kind = kind_of_figure(figure);
  for (const auto& run : runs) {
    const auto found = run.figures.find(figure);
    const bool ours =
        std::find(series.runs.begin(), series.runs.end(), run.beginning.run) != series.runs.end();
    if (!ours || found == run.figures.end()) continue;
    trend.values.push_back(found->second);
    trend.runs.push_back(run.beginning.run);
  }
  if (trend.values.empty()) return trend;
  trend.median = median_of(trend.values);
  trend.volatility = trend.median > 0 ? deviation_of(trend.values) / trend.median : 0;
  const auto scaled = on_scale(trend.values, trend.kind);
  if (scaled.size() >= fewest_for_slope) {
    Slope slope = theil_sen(scaled);
    for (double* each : {&slope.estimate, &slope.low, &slope.high})
      *each = change_of(*each, trend.kind);
    trend.slope = slope;
  }
  add_steps(trend, scaled, seed);
  return trend;
}

}  // namespace squall::coordinator
