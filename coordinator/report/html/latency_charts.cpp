#include <algorithm>
#include <array>
#include <cmath>

#include "coordinator/report/html/report_reading.hpp"
#include "coordinator/report/html/run_sections.hpp"

namespace squall::coordinator {

using actors::Histogram;
using std::chrono::nanoseconds;

namespace {

double in_seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

/// The value of each percentile, from the median's half to the last one that a sample of this size
/// tells of. Requests without an answer take the highest ranks and have no value.
ChartSeries percentile_curve(const std::string& name, const Histogram& histogram,
                             std::uint64_t samples) {
  ChartSeries curve;
  curve.name = name;
  constexpr int points = 240;
  const double n = static_cast<double>(std::max(samples, histogram.count()));
  // Evenly over 1 / (1 - p), from p = 0 to the rank of the greatest value.
  const double last = std::log(2 * n);
  for (int i = 0; i <= points; ++i) {
    const double p = 1 - std::exp(-last * i / points);
    const auto rank = static_cast<std::uint64_t>(std::max(1.0, std::ceil(p * n - 1e-9)));
    if (rank > histogram.count()) break;
    curve.x.push_back(p * 100);
    curve.y.emplace_back(in_seconds(histogram.value_at_rank(rank)));
  }
  return curve;
}

/// The percentiles of the table, with their intervals.
ChartSeries intervals_of(const std::string& name, const Json& row) {
  ChartSeries series;
  series.name = name + ", 95 % intervals";
  series.style = ChartStyle::points;
  for (const Json& estimate : entries(part(row, {"percentiles"}))) {
    const auto percentile = number_in(estimate, "percentile");
    const auto value = number_in(estimate, "value");
    if (!percentile || !value || true_in(estimate, "at_least")) continue;
    series.x.push_back(*percentile);
    series.y.push_back(value);
    series.low.push_back(number_in(estimate, "low"));
    series.high.push_back(true_in(estimate, "high_at_least") ? std::nullopt
                                                             : number_in(estimate, "high"));
  }
  return series;
}

void add_percentile_chart(const Json& durations, const std::string& id, const std::string& title,
                          std::initializer_list<const char*> metrics, std::vector<Chart>& charts) {
  Chart chart;
  chart.id = id;
  chart.title = title;
  chart.x = {"percentile", "percentile", true};
  chart.y = {"", "s", true};
  for (const char* metric : metrics) {
    const Json& row = part(durations, {metric});
    const auto histogram = histogram_of(row);
    if (!histogram) continue;
    chart.series.push_back(percentile_curve(metric, *histogram, count_in(row, "samples")));
    ChartSeries intervals = intervals_of(metric, row);
    if (!intervals.x.empty()) chart.series.push_back(std::move(intervals));
  }
  if (!chart.series.empty()) charts.push_back(std::move(chart));
}

/// Counts between edges that are equally far apart on a logarithmic axis.
ChartSeries bars_of(const Histogram& histogram) {
  constexpr int bars = 60;
  const double low = std::max(1e-6, in_seconds(histogram.minimum())) * 0.98;
  const double high = std::max(low * 1.1, in_seconds(histogram.maximum()) * 1.02);
  ChartSeries series;
  series.name = "answers";
  series.style = ChartStyle::bars;
  const auto above = [&](double edge) {
    return histogram.count_above(
        std::chrono::round<nanoseconds>(std::chrono::duration<double>(edge)));
  };
  std::uint64_t left = histogram.count();  // not below the present edge
  for (int i = 0; i < bars; ++i) {
    const double from = low * std::pow(high / low, static_cast<double>(i) / bars);
    const double to = low * std::pow(high / low, static_cast<double>(i + 1) / bars);
    const std::uint64_t beyond = i + 1 == bars ? 0 : above(to);
    series.x.push_back(from);
    series.y.emplace_back(static_cast<double>(left - beyond));
    left = beyond;
  }
  series.x.push_back(high);  // where the last bar ends
  series.y.emplace_back(0);
  return series;
}

void add_percentile_marks(const Json& row, Chart& chart) {
  for (const double percentile : {50.0, 95.0, 99.0}) {
    const Json& estimate = percentile_of(part(row, {"percentiles"}), percentile);
    const auto value = number_in(estimate, "value");
    if (!value || true_in(estimate, "at_least")) continue;
    const std::string name = "p" + std::to_string(static_cast<int>(percentile));
    chart.marks.push_back({name + " " + duration_text(value), *value, false});
  }
}

/// Neighbouring stretches put together, so that there are columns enough and no more.
class HeatColumns {
 public:
  HeatColumns(const Json& course, const char* metric) {
    const auto from = numbers_in(course, "from");
    const auto& lists = entries(part(course, {metric}));
    stretch_ = number_in(course, "stretch").value_or(1);
    if (from.empty() || lists.size() != from.size() || !from.front() || !from.back()) return;
    first_ = *from.front();
    const double length = *from.back() + stretch_ - first_;
    if (!(stretch_ > 0) || !(length > 0)) return;
    constexpr double most_columns = 200;
    wide_ = stretch_ * std::ceil(length / stretch_ / most_columns);
    columns_.resize(static_cast<std::size_t>(std::min(most_columns, std::ceil(length / wide_))));
    for (std::size_t i = 0; i < lists.size(); ++i)
      if (from[i]) add(*from[i], lists[i]);
  }

  bool empty() const { return highest_ < lowest_; }

  ChartHeat heat(const std::vector<std::optional<double>>& edges) const {
    ChartHeat heat;
    for (std::size_t i = 0; i <= columns_.size(); ++i)
      heat.x_edges.push_back(first_ + wide_ * static_cast<double>(i));
    for (std::size_t bucket = lowest_; bucket <= highest_ + 1; ++bucket)
      // A logarithmic axis has no 0.
      heat.y_edges.push_back(std::max(5e-7, edges[bucket].value_or(0)));
    for (const auto& column : columns_) {
      std::vector<std::uint64_t> row(highest_ - lowest_ + 1);
      for (const auto& [bucket, count] : column) row[bucket - lowest_] += count;
      heat.rows.push_back(std::move(row));
    }
    return heat;
  }

  std::size_t highest() const { return highest_; }

 private:
  void add(double second, const Json& list) {
    const double place = (second - first_) / wide_;
    if (!(place >= 0) || place >= static_cast<double>(columns_.size())) return;
    auto& column = columns_[static_cast<std::size_t>(place)];
    const auto& flat = entries(list);
    for (std::size_t i = 0; i + 1 < flat.size(); i += 2) {
      if (!flat[i].is_number_unsigned() || !flat[i + 1].is_number_unsigned()) continue;
      const auto bucket = flat[i].get<std::size_t>();
      if (bucket >= 1000) continue;  // no report has so many
      column.emplace_back(bucket, flat[i + 1].get<std::uint64_t>());
      lowest_ = std::min(lowest_, bucket);
      highest_ = std::max(highest_, bucket);
    }
  }

  double first_ = 0, stretch_ = 1, wide_ = 1;
  std::vector<std::vector<std::pair<std::size_t, std::uint64_t>>> columns_;
  std::size_t lowest_ = 1000, highest_ = 0;
};

}  // namespace

std::vector<Chart> percentile_charts(const Json& report) {
  const Json& durations = part(report, {"phases", "measure", "durations"});
  std::vector<Chart> charts;
  add_percentile_chart(durations, "percentiles", "Percentiles of whole answers and first tokens",
                       {"ttft", "e2e"}, charts);
  add_percentile_chart(durations, "percentiles-of-tokens", "Percentiles of the time per token",
                       {"tpot", "icl"}, charts);
  return charts;
}

std::vector<Chart> histogram_charts(const Json& report) {
  std::vector<Chart> charts;
  for (const char* metric : {"ttft", "tpot", "e2e"}) {
    const Json& row = part(report, {"phases", "measure", "durations", metric});
    const auto histogram = histogram_of(row);
    if (!histogram) continue;
    Chart chart;
    chart.id = std::string("histogram-") + metric;
    chart.title = std::string("Histogram of ") + metric;
    chart.x = {metric, "s", true};
    chart.y = {"answers", ""};
    chart.series.push_back(bars_of(*histogram));
    add_percentile_marks(row, chart);
    charts.push_back(std::move(chart));
  }
  return charts;
}

std::vector<Chart> heat_charts(const Json& report) {
  const Json& course = part(report, {"latency_course"});
  const auto edges = numbers_in(course, "edges");
  std::vector<Chart> charts;
  for (const char* metric : {"ttft", "e2e"}) {
    const HeatColumns columns(course, metric);
    if (columns.empty() || columns.highest() + 1 >= edges.size()) continue;
    Chart chart;
    chart.id = std::string("heat-") + metric;
    chart.title = std::string(metric) + " over time: how many answers took how long";
    chart.x = {"time since the start", "clock"};
    chart.y = {"", "s", true};
    chart.heat = columns.heat(edges);
    chart.marks = phase_marks(report);
    chart.linked = time_link;
    charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace squall::coordinator
