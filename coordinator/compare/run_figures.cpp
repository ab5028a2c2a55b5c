#include "coordinator/compare/run_figures.hpp"

#include <set>
#include <utility>

#include "coordinator/compare/percentile_curve.hpp"

namespace squall::coordinator {

namespace {

constexpr int oldest_schema = 3;
constexpr int newest_schema = 5;

void check_comparable(const ReportedRun& report) {
  if (report.version < oldest_schema)
    throw ReportUnreadable("has schema " + report.schema +
                           ", which is too old to compare; run it again");
  if (report.version > newest_schema)
    throw ReportUnreadable("has schema " + report.schema +
                           ", which is newer than this program; use a newer squall");
  if (!report.missing.empty())
    throw ReportUnreadable("is no report of a run, or is damaged: there is no " +
                           report.missing.front() + " in it");
}

/// The different values that agents gave, in order.
std::string of_all_agents(const ReportedRun& report, std::string ReportedAgent::*figure) {
  std::set<std::string> different;
  for (const ReportedAgent& agent : report.agents)
    if (!(agent.*figure).empty()) different.insert(agent.*figure);
  std::string together;
  for (const auto& text : different) together += (together.empty() ? "" : ", ") + text;
  return together;
}

bool is_drawn(const std::string& metric) {
  return metric == "ttft" || metric == "tpot" || metric == "e2e";
}

}  // namespace

KnownFigure known_figure(const RunFigures& run, const std::string& figure) {
  if (const auto found = run.figures.find(figure); found != run.figures.end())
    return {found->second, false};
  if (const auto found = run.at_least.find(figure); found != run.at_least.end())
    return {found->second, true};
  return {};
}

RunFigures figures_of_report(const std::string& json) {
  const ReportedRun report = read_reported_run(json);
  check_comparable(report);
  RunFigures run;
  run.run = report.run;
  run.started_at = report.started_at;
  run.tool_version = report.tool_version;
  run.outcome = report.outcome;
  run.scenario = report.scenario;
  run.scenario_hash = report.scenario_hash;
  run.seed = report.seed.value_or(0);
  run.model = report.model;
  run.target_kind = report.target_kind;
  run.agents = report.agents.size();
  run.model_fingerprint = of_all_agents(report, &ReportedAgent::model_fingerprint);
  run.instruction_set = of_all_agents(report, &ReportedAgent::instruction_set);
  run.plan = of_all_agents(report, &ReportedAgent::plan_fingerprint);
  run.hardware_fingerprint = report.hardware_fingerprint;  // none in schema 3
  ReportFigures figures = figures_of(report);
  run.figures = std::move(figures.figures);
  run.withheld = std::move(figures.withheld);
  run.at_least = std::move(figures.at_least);
  run.banners = report.banners;
  for (const ReportedDuration& duration : report.measured.durations)
    if (duration.histogram && is_drawn(duration.metric))
      run.curves[duration.metric] = percentile_curve(*duration.histogram, duration.samples);
  return run;
}

}  // namespace squall::coordinator
