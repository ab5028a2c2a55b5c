#include "coordinator/compare/trend/trend_page.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "coordinator/compare/rank_statistics.hpp"
#include "coordinator/compare/trend/trend_words.hpp"
#include "coordinator/pages/page.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

using Tone = PageCell::Tone;

constexpr std::size_t fewest_for_change = 2 * smallest_segment;

bool is_certain(const FigureTrend& trend) {
  return trend.slope && std::isfinite(trend.slope->high) &&
         (trend.slope->low > 0 || trend.slope->high < 0);
}

bool is_worse(const FigureTrend& trend) {
  return (trend.slope->estimate > 0) != trend.kind.more_is_better;
}

// ---- charts

ChartSeries empty_series(const char* name, ChartStyle style) {
  return {.name = name, .style = style, .x = {}, .y = {}};
}

void add_point(ChartSeries& series, double x, std::optional<double> y) {
  series.x.push_back(x);
  series.y.push_back(y);
}

/// Where each run of a figure stands among all runs of the history: a figure may lack some.
std::vector<double> places_of(const FigureTrend& trend, const TrendSeries& series) {
  std::map<std::string, double> known;
  for (std::size_t i = 0; i < series.runs.size(); ++i)
    known[series.runs[i]] = static_cast<double>(i);
  std::vector<double> places;
  for (const auto& run : trend.runs) places.push_back(known.at(run));
  return places;
}

/// The median of each stretch between two changes, with a gap after it.
ChartSeries levels_of(const FigureTrend& trend, const std::vector<double>& places) {
  ChartSeries levels = empty_series("level", ChartStyle::dashed);
  std::vector<std::size_t> borders{0};
  for (const auto& step : trend.steps) borders.push_back(step.index);
  borders.push_back(trend.values.size());
  for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
    const auto begin = trend.values.begin() + static_cast<std::ptrdiff_t>(borders[i]);
    const auto end = trend.values.begin() + static_cast<std::ptrdiff_t>(borders[i + 1]);
    const double level = median_of({begin, end});
    const double last = places[borders[i + 1] - 1];
    add_point(levels, places[borders[i]], level);
    add_point(levels, last, level);
    add_point(levels, last + 0.5, std::nullopt);
  }
  return levels;
}

/// The line of Theil and Sen: its slope, through the median of what is left of the values.
ChartSeries slope_line(const FigureTrend& trend, const std::vector<double>& places) {
  ChartSeries line = empty_series("slope", ChartStyle::dashed);
  const bool linear = trend.kind.by_difference();
  const double slope = linear ? trend.slope->estimate : std::log1p(trend.slope->estimate);
  std::vector<double> rest;
  for (std::size_t i = 0; i < trend.values.size(); ++i) {
    const double value = trend.values[i];
    const double scaled = linear ? value : std::log(std::max(value, 1e-9));
    rest.push_back(scaled - slope * static_cast<double>(i));
  }
  const double start = median_of(rest);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const double scaled = start + slope * static_cast<double>(i);
    add_point(line, places[i], linear ? scaled : std::exp(scaled));
  }
  return line;
}

Chart chart_of(const FigureTrend& trend, const TrendSeries& series) {
  const auto places = places_of(trend, series);
  Chart chart{.id = "trend-" + id_within(trend.figure),
              .title = trend.figure + " from run to run",
              .x = {"", ""},
              .y = {"", unit_of_figure(trend.figure)},
              .linked = "runs"};
  chart.x.names = series.runs;
  ChartSeries values{.name = trend.figure, .style = ChartStyle::line, .x = places, .y = {}};
  for (const double value : trend.values) values.y.emplace_back(value);
  chart.series.push_back(std::move(values));
  ChartSeries odd = empty_series("odd", ChartStyle::points);
  for (const auto& each : trend.anomalies) add_point(odd, places[each.index], each.value);
  if (!odd.x.empty()) chart.series.push_back(std::move(odd));
  chart.series.push_back(levels_of(trend, places));
  if (trend.slope) chart.series.push_back(slope_line(trend, places));
  for (const auto& step : trend.steps)
    chart.marks.push_back(
        {(step.worse ? "worse by " : "better by ") + trend_change(step.change, trend.kind),
         places[step.index] - 0.5, false});
  return chart;
}

// ---- words

std::string joined(const std::vector<std::string>& texts, const char* between) {
  std::string text;
  for (const auto& each : texts) text += (text.empty() ? "" : between) + each;
  return text;
}

/// The figures that too few runs have; one sentence for all where every run has them.
std::vector<std::string> too_few(const TrendSeries& series,
                                 const std::vector<FigureTrend>& trends) {
  const std::string runs = plural(series.runs.size(), "run");
  if (series.runs.size() < fewest_for_change) return {runs + " so far"};
  std::vector<std::string> sentences;
  for (const auto& trend : trends)
    if (trend.values.size() < fewest_for_change)
      sentences.push_back(std::to_string(trend.values.size()) + " of " + runs + " have " +
                          trend.figure);
  return sentences;
}

void add_finding(const TrendSeries& series, const std::vector<FigureTrend>& trends, Page& page) {
  std::vector<std::string> changes, drifts;
  bool worse = false;
  for (const auto& trend : trends) {
    if (!trend.steps.empty()) {
      changes.push_back(trend.figure + " " + step_in_words(trend.steps.back(), trend.kind));
      worse = worse || trend.steps.back().worse;
    } else if (is_certain(trend)) {
      drifts.push_back(trend.figure + " " + slope_in_words(trend));
      worse = worse || is_worse(trend);
    }
  }
  const auto few = too_few(series, trends);
  std::vector<std::string> words, why = changes;
  if (!changes.empty()) words.emplace_back("CHANGED");
  if (!drifts.empty()) words.emplace_back("DRIFTING");
  why.insert(why.end(), drifts.begin(), drifts.end());
  if (!words.empty())
    page.verdict(worse ? Tone::doubtful : Tone::good, joined(words, ", "), joined(why, "; "));
  else if (!few.empty())
    page.verdict(Tone::plain, "TOO FEW RUNS",
                 joined(few, "; ") + "; a lasting change can be told from " +
                     std::to_string(fewest_for_change) + " on, half of them before and half " +
                     "after it");
  else
    page.verdict(Tone::good, "STEADY",
                 "no lasting change and no certain slope in " + plural(series.runs.size(), "run"));
}

void add_series(const TrendSeries& series, Page& page) {
  for (const auto& banner : series.banners) page.banner(banner);
  PageTable table;
  table.caption = "One history: runs of the same scenario text, model and machine as the newest";
  const auto row = [&](const char* name, const std::string& text) {
    table.rows.push_back({{name}, {text.empty() ? "unknown" : text}});
  };
  row("scenario", series.scenario + " [" + series.scenario_hash + "]");
  row("model", series.model_fingerprint);
  row("hardware", series.hardware_fingerprint);
  row("runs", readable_count(series.runs.size()) + ", " + series.started_at.front() + " to " +
                  series.started_at.back());
  if (series.left_out > 0)
    row("left out", plural(series.left_out, "run") + " of another text, model or machine");
  if (series.unusable > 0)
    row("unusable", plural(series.unusable, "run") + " invalid or not finished");
  page.table(table);
}

void add_overview(const std::vector<FigureTrend>& trends, Page& page) {
  page.section("figures", "All figures");
  PageTable table;
  table.head = {"figure", "median", "newest", "volatility", "slope", "changes", "odd"};
  for (const auto& trend : trends) {
    if (trend.values.empty()) {
      table.rows.push_back({{trend.figure}, {"no run has it", Tone::quiet}});
      continue;
    }
    const auto figure = [&](double value) {
      return PageCell{readable_figure(value, trend.kind.unit), Tone::plain, true};
    };
    const bool worse =
        std::any_of(trend.steps.begin(), trend.steps.end(), [](const auto& s) { return s.worse; });
    table.rows.push_back(
        {{trend.figure},
         figure(trend.median),
         figure(trend.values.back()),
         {readable_share(trend.volatility), Tone::plain, true},
         {slope_in_words(trend),
          is_certain(trend) && is_worse(trend) ? Tone::doubtful : Tone::plain},
         {std::to_string(trend.steps.size()), worse ? Tone::doubtful : Tone::plain, true},
         {std::to_string(trend.anomalies.size()), Tone::plain, true}});
  }
  page.table(table);
}

void add_figure(const FigureTrend& trend, const TrendSeries& series, Page& page) {
  if (trend.values.empty()) return;
  page.section("figure-" + id_within(trend.figure), trend.figure);
  page.chart(chart_of(trend, series));
  std::vector<std::string> found;
  for (const auto& step : trend.steps)
    found.push_back("Change: " + step_in_words(step, trend.kind) + ".");
  for (const auto& odd : trend.anomalies)
    found.push_back("Odd: " + anomaly_in_words(odd, trend.kind) + ".");
  page.list(found);
}

void add_runs(const TrendSeries& series, const std::vector<FigureTrend>& trends, Page& page) {
  page.section("runs", "Runs, the newest first");
  PageTable table;
  table.head = {"run", "started"};
  std::vector<std::map<std::string, PageCell>> columns;
  for (const auto& trend : trends) {
    table.head.push_back(trend.figure);
    auto& column = columns.emplace_back();
    for (std::size_t i = 0; i < trend.runs.size(); ++i)
      column[trend.runs[i]] = {readable_figure(trend.values[i], trend.kind.unit), Tone::plain,
                               true};
    for (const auto& odd : trend.anomalies) column[odd.run].tone = Tone::doubtful;
  }
  for (std::size_t i = series.runs.size(); i-- > 0;) {
    std::vector<PageCell> row{{series.runs[i]}, {series.started_at[i]}};
    for (const auto& column : columns) {
      const auto found = column.find(series.runs[i]);
      row.push_back(found == column.end() ? PageCell{"–", Tone::quiet, true} : found->second);
    }
    table.rows.push_back(std::move(row));
  }
  page.table(table);
}

void add_words(Page& page) {
  page.section("glossary", "What the words mean");
  page.glossary({{"slope",
                  "The median change from run to run (Theil-Sen), with its 95 % interval from "
                  "Kendall's S."},
                 {"volatility",
                  "How much runs scatter: the median absolute deviation, as a share of the "
                  "median."},
                 {"change",
                  "A lasting change of level, and the run that it began with (E-divisive, p at "
                  "most 0.01); it takes at least five runs before and after."},
                 {"level", "The median of the runs between two changes."},
                 {"odd", "A single run far from its stretch: a robust z above 3.5."}});
}

}  // namespace

std::string trend_page(const TrendSeries& series, const std::vector<FigureTrend>& trends) {
  Page page("Trend: " + series.scenario);
  add_finding(series, trends, page);
  add_series(series, page);
  add_overview(trends, page);
  for (const auto& trend : trends) add_figure(trend, series, page);
  add_runs(series, trends, page);
  add_words(page);
  return page.html();
}

}  // namespace squall::coordinator
