#include "coordinator/pages/chart.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

/// Six digits are more than a screen shows, and half the size of all of them.
json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (value == std::floor(value) && std::abs(value) < 1e15) return static_cast<std::int64_t>(value);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return std::strtod(text.data(), nullptr);
}

json numbers(const std::vector<double>& values) {
  json list = json::array();
  for (const double value : values) list.push_back(number(value));
  return list;
}

json numbers(const std::vector<std::optional<double>>& values) {
  json list = json::array();
  for (const auto& value : values) list.push_back(value ? number(*value) : json(nullptr));
  return list;
}

const char* word(ChartStyle style) {
  switch (style) {
    case ChartStyle::line:
      return "line";
    case ChartStyle::dashed:
      return "dashed";
    case ChartStyle::steps:
      return "steps";
    case ChartStyle::points:
      return "points";
    case ChartStyle::bars:
      return "bars";
  }
  assert(false);
  return "";
}

json axis_json(const ChartAxis& axis) {
  json result{{"label", axis.label}, {"unit", axis.unit}, {"logarithmic", axis.logarithmic}};
  if (!axis.names.empty()) result["names"] = axis.names;
  return result;
}

bool has_band(const ChartSeries& series) { return !series.low.empty(); }

json series_json(const ChartSeries& series) {
  assert(series.x.size() == series.y.size());
  assert(series.low.size() == series.high.size());
  assert(!has_band(series) || series.low.size() == series.x.size());
  json result{{"name", series.name},
              {"style", word(series.style)},
              {"x", numbers(series.x)},
              {"y", numbers(series.y)}};
  if (has_band(series)) {
    result["low"] = numbers(series.low);
    result["high"] = numbers(series.high);
  }
  return result;
}

json heat_json(const ChartHeat& heat) {
  assert(heat.rows.size() + 1 == heat.x_edges.size());
  return {
      {"x_edges", numbers(heat.x_edges)}, {"y_edges", numbers(heat.y_edges)}, {"rows", heat.rows}};
}

using Values = std::vector<std::optional<double>>;

/// Adds where the smallest and the greatest value of [from, to) stand.
void pick_extremes(const Values& values, std::size_t from, std::size_t to,
                   std::set<std::size_t>& picked) {
  std::optional<std::size_t> least, most;
  for (std::size_t i = from; i < to; ++i) {
    if (!values[i]) continue;
    if (!least || *values[i] < *values[*least]) least = i;
    if (!most || *values[i] > *values[*most]) most = i;
  }
  if (least) picked.insert({*least, *most});
}

}  // namespace

std::string id_within(const std::string& name) {
  std::string id;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    id += letter ? c : '-';
  }
  return id;
}

json chart_json(const Chart& chart) {
  json series = json::array(), marks = json::array();
  for (const ChartSeries& each : chart.series) series.push_back(series_json(each));
  for (const ChartMark& mark : chart.marks)
    marks.push_back(
        {{"label", mark.label}, {"at", number(mark.at)}, {"horizontal", mark.horizontal}});
  return {{"id", chart.id},
          {"title", chart.title},
          {"x", axis_json(chart.x)},
          {"y", axis_json(chart.y)},
          {"series", std::move(series)},
          {"marks", std::move(marks)},
          {"heat", chart.heat ? heat_json(*chart.heat) : json(nullptr)},
          {"linked", chart.linked}};
}

ChartSeries thinned(const ChartSeries& series, std::size_t points) {
  const std::size_t all = series.x.size();
  if (all <= points || all <= 2) return series;
  const std::size_t of_stretch = has_band(series) ? 4 : 2;
  const std::size_t stretches =
      std::max<std::size_t>(1, (std::max<std::size_t>(points, 2) - 2) / of_stretch);
  std::set<std::size_t> picked{0, all - 1};
  for (std::size_t stretch = 0; stretch < stretches; ++stretch) {
    const std::size_t from = all * stretch / stretches, to = all * (stretch + 1) / stretches;
    const std::size_t before = picked.size();
    pick_extremes(series.y, from, to, picked);
    if (has_band(series)) {
      std::set<std::size_t> lows, highs;
      pick_extremes(series.low, from, to, lows);
      pick_extremes(series.high, from, to, highs);
      picked.merge(lows);
      picked.merge(highs);
    }
    if (picked.size() == before && from < to) picked.insert(from);  // nothing there: the gap stays
  }
  ChartSeries result{series.name, series.style, {}, {}, {}, {}};
  for (const std::size_t i : picked) {
    result.x.push_back(series.x[i]);
    result.y.push_back(series.y[i]);
    if (!has_band(series)) continue;
    result.low.push_back(series.low[i]);
    result.high.push_back(series.high[i]);
  }
  return result;
}

}  // namespace squall::coordinator
