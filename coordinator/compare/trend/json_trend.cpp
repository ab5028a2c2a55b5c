#include <cmath>
#include <nlohmann/json.hpp>

#include "coordinator/compare/trend/run_trend.hpp"

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json slope_json(const FigureTrend& trend) {
  if (!trend.slope) return nullptr;
  const bool interval = std::isfinite(trend.slope->high);
  return {{"change_a_run", number(trend.slope->estimate)},
          {"low", interval ? number(trend.slope->low) : json(nullptr)},
          {"high", number(trend.slope->high)},
          {"p", trend.slope->p}};
}

json trend_json(const FigureTrend& trend) {
  json steps = json::array();
  for (const auto& step : trend.steps)
    steps.push_back({{"run", step.run},
                     {"index", step.index},
                     {"change", number(step.change)},
                     {"worse", step.worse},
                     {"p", step.p}});
  json anomalies = json::array();
  for (const auto& odd : trend.anomalies)
    anomalies.push_back(
        {{"run", odd.run}, {"index", odd.index}, {"value", odd.value}, {"score", odd.score}});
  const bool any = !trend.values.empty();
  return {{"figure", trend.figure},
          {"runs", trend.runs},
          {"values", trend.values},
          {"median", any ? number(trend.median) : json(nullptr)},
          {"volatility", any ? number(trend.volatility) : json(nullptr)},
          {"slope", slope_json(trend)},
          {"changes", std::move(steps)},
          {"anomalies", std::move(anomalies)}};
}

}  // namespace

std::string json_trend(const TrendSeries& series, const std::vector<FigureTrend>& trends) {
  json out;
  out["schema"] = "squall-trend/1";
  out["scenario"] = {{"name", series.scenario}, {"hash", series.scenario_hash}};
  out["banners"] = series.banners;
  out["model_fingerprint"] = series.model_fingerprint;
  out["hardware_fingerprint"] = series.hardware_fingerprint;
  out["runs"] = series.runs;
  out["started_at"] = series.started_at;
  out["left_out"] = series.left_out;
  out["unusable"] = series.unusable;
  out["figures"] = json::array();
  for (const auto& trend : trends) out["figures"].push_back(trend_json(trend));
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace squall::coordinator
