#include "coordinator/compare/trend/trend_command.hpp"

#include <algorithm>
#include <cstdio>

#include "coordinator/commands/report_file.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/compare/run_selection.hpp"
#include "coordinator/compare/trend/run_trend.hpp"
#include "coordinator/compare/trend/trend_page.hpp"
#include "coordinator/live/terminal.hpp"
#include "coordinator/report/reading/reported_run.hpp"

namespace squall::coordinator {

namespace {

/// The figures that were asked for, else the usual ones. Throws GateMistake for what is no figure.
std::vector<Gate> followed(const std::vector<std::string>& figures) {
  if (figures.empty()) return usual_gates();
  std::vector<Gate> gates;
  for (const auto& figure : figures) gates.push_back(gates_of({figure}, true).front());
  return gates;
}

}  // namespace

int trend_command(const TrendOptions& options) {
  if (options.scenario.empty() && options.tag.empty())
    throw UsageError(
        "which runs? squall trend SCENARIO takes a scenario's name, --tag a tag; "
        "squall list shows both");
  RunQuery query;
  query.scenario = options.scenario;
  query.tag = options.tag;
  query.hardware_fingerprint = options.hardware;
  query.model_fingerprint = options.model;
  query.newest = options.newest;
  const RunStore store(store_file(options.store, options.state));
  const auto runs = store.list(query);
  TrendSeries series = series_of(runs);
  if (series.runs.empty())
    throw UsageError("no finished run of that kind is stored; squall list shows what there is");
  series.banners = read_stored(store, series.runs.back(), read_reported_run).banners;
  std::vector<FigureTrend> trends;
  for (const auto& gate : followed(options.figures)) {
    FigureTrend trend = trend_of(gate.figure, series, runs, options.seed);
    if (gate.where_measured && trend.values.empty()) continue;
    trends.push_back(std::move(trend));
  }
  ReportFile json(options.json), html(options.html, "--html");
  const std::size_t width = std::clamp<std::size_t>(terminal_width(stdout), 60, 120);
  std::fputs(trend_text(series, trends, width, unicode_wanted(stdout)).c_str(), stdout);
  bool written = !json.wanted() || json.write(json_trend(series, trends));
  if (html.wanted()) written = html.write(trend_page(series, trends)) && written;
  return written ? 0 : 1;
}

}  // namespace squall::coordinator
