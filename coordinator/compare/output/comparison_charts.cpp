#include "coordinator/compare/output/comparison_charts.hpp"

#include <cmath>

#include "coordinator/compare/percentile_curve.hpp"
#include "coordinator/compare/rank_statistics.hpp"

namespace squall::coordinator {

namespace {

/// Changes as "worse by": more of what should be little, less of what should be much.
struct WorseBy {
  double estimate, low, high;
};

WorseBy worse_by(const FigureComparison& figure) {
  if (!figure.kind.more_is_better) return {figure.change, figure.low, figure.high};
  return {-figure.change, -figure.high, -figure.low};
}

void add_point(ChartSeries& series, std::size_t place, double value) {
  series.x.push_back(static_cast<double>(place));
  series.y.emplace_back(value);
}

void keep(Chart& chart, ChartSeries series) {
  if (!series.x.empty()) chart.series.push_back(std::move(series));
}

/// What the table's median is of. Runs that are incomparable have no table: of what each side has.
struct CountedValues {
  std::vector<double> base, run;
};

CountedValues counted_values(const RunComparison& comparison, const std::string& figure) {
  for (const FigureComparison& each : comparison.figures)
    if (each.figure == figure) return {each.base, each.run};
  CountedValues counted;
  for (const RunFigures& run : comparison.base.details)
    if (const KnownFigure known = known_figure(run, figure); known.value && !known.at_least)
      counted.base.push_back(*known.value);
  for (const RunFigures& run : comparison.run.details)
    if (const KnownFigure known = known_figure(run, figure); known.value)
      counted.run.push_back(*known.value);
  return counted;
}

/// A side's runs from `first` on: their values, the bounds, and the median as a line along them.
void add_side(Chart& chart, const std::string& figure, const char* name, const ComparedSide& side,
              std::size_t first, const std::vector<double>& counted) {
  ChartSeries values{.name = name, .style = ChartStyle::points, .x = {}, .y = {}};
  ChartSeries bounds{
      .name = std::string(name) + ", at least", .style = ChartStyle::points, .x = {}, .y = {}};
  for (std::size_t i = 0; i < side.details.size(); ++i) {
    const KnownFigure known = known_figure(side.details[i], figure);
    if (!known.value) continue;
    add_point(known.at_least ? bounds : values, first + i, *known.value);
  }
  ChartSeries median{
      .name = std::string(name) + ", median", .style = ChartStyle::dashed, .x = {}, .y = {}};
  if (counted.size() > 1) {
    add_point(median, first, median_of(counted));
    add_point(median, first + side.details.size() - 1, median_of(counted));
  }
  keep(chart, std::move(values));
  keep(chart, std::move(bounds));
  keep(chart, std::move(median));
}

ChartSeries curve_of(const char* name, const ComparedSide& side, const std::string& metric) {
  std::vector<const std::vector<double>*> curves;
  for (const RunFigures& run : side.details)
    if (const auto found = run.curves.find(metric); found != run.curves.end())
      curves.push_back(&found->second);
  const CurveSpread spread = spread_of(curves);
  ChartSeries series{.name = name, .x = {}, .y = {}};
  for (std::size_t point = 0; point < spread.middle.size(); ++point) {
    series.x.push_back(curve_percentile(point));
    series.y.emplace_back(spread.middle[point]);
    if (curves.size() < 2) continue;
    series.low.emplace_back(spread.low[point]);
    series.high.emplace_back(spread.high[point]);
  }
  return series;
}

}  // namespace

std::string name_in_side(const char* side, std::size_t index) {
  return std::string(side) + " " + std::to_string(index + 1);
}

Chart change_chart(const RunComparison& comparison) {
  Chart chart{.id = "changes",
              .title = "How much worse, with 95 % intervals; below 0 is better",
              .x = {"", ""},
              .y = {"worse by", "share"}};
  ChartSeries margins{.name = "margin", .style = ChartStyle::bars, .x = {}, .y = {}};
  ChartSeries changes{.name = "change", .style = ChartStyle::points, .x = {}, .y = {}};
  ChartSeries open{.name = "change, interval open", .style = ChartStyle::points, .x = {}, .y = {}};
  for (const FigureComparison& figure : comparison.figures) {
    const std::size_t place = chart.x.names.size();
    chart.x.names.push_back(figure.figure);
    if (figure.margin) add_point(margins, place, *figure.margin);
    if (!figure.measured()) continue;
    const WorseBy worse = worse_by(figure);
    if (!std::isfinite(worse.low) || !std::isfinite(worse.high)) {
      add_point(open, place, worse.estimate);
      continue;
    }
    add_point(changes, place, worse.estimate);
    changes.low.emplace_back(worse.low);
    changes.high.emplace_back(worse.high);
  }
  if (changes.x.empty() && open.x.empty()) return chart;
  keep(chart, std::move(margins));
  keep(chart, std::move(changes));
  keep(chart, std::move(open));
  return chart;
}

std::vector<std::string> figures_on_page(const RunComparison& comparison) {
  std::vector<std::string> figures;
  for (const FigureComparison& figure : comparison.figures) figures.push_back(figure.figure);
  if (figures.empty())
    for (const Gate& gate : usual_gates()) figures.push_back(gate.figure);
  return figures;
}

Chart value_chart(const RunComparison& comparison, const std::string& figure) {
  Chart chart{.id = "values-" + id_within(figure),
              .title = figure + " of each run",
              .x = {"", ""},
              .y = {"", unit_of_figure(figure)},
              .linked = "runs"};
  const std::size_t base = comparison.base.details.size();
  const std::size_t run = comparison.run.details.size();
  if (comparison.paired) {
    for (std::size_t i = 0; i < base; ++i) chart.x.names.push_back(name_in_side("pair", i));
  } else {
    for (std::size_t i = 0; i < base; ++i) chart.x.names.push_back(name_in_side("base", i));
    for (std::size_t i = 0; i < run; ++i) chart.x.names.push_back(name_in_side("run", i));
  }
  const CountedValues counted = counted_values(comparison, figure);
  add_side(chart, figure, "base", comparison.base, 0, counted.base);
  add_side(chart, figure, "run", comparison.run, comparison.paired ? 0 : base, counted.run);
  return chart;
}

std::vector<Chart> curve_charts(const RunComparison& comparison) {
  std::vector<Chart> charts;
  for (const char* metric : {"ttft", "tpot", "e2e"}) {
    Chart chart{.id = std::string("curves-") + metric,
                .title = std::string(metric) + " at each percentile",
                .x = {"percentile", "percentile", true},
                .y = {"", "s", true}};
    keep(chart, curve_of("base", comparison.base, metric));
    keep(chart, curve_of("run", comparison.run, metric));
    if (!chart.series.empty()) charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace squall::coordinator
