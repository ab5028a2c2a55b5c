#include "coordinator/store/report_index.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "coordinator/report/reading/report_figures.hpp"

namespace squall::coordinator {

namespace {

/// What all agents say, or each of them in order of their names: "a + b".
std::string of_agents(const ReportedRun& run, std::string ReportedAgent::*figure) {
  std::vector<std::pair<std::string, std::string>> said;  // name, value
  for (const ReportedAgent& agent : run.agents)
    if (!(agent.*figure).empty()) said.emplace_back(agent.name, agent.*figure);
  std::ranges::sort(said);
  std::vector<std::string> different;
  for (auto& [name, value] : said)
    if (std::ranges::find(different, value) == different.end())
      different.push_back(std::move(value));
  std::string all;
  for (const auto& value : different) all += (all.empty() ? "" : " + ") + value;
  return all;
}

ReportedRun read(const std::string& report) {
  try {
    ReportedRun run = read_reported_run(report);
    if (!run.run.empty()) return run;
  } catch (const ReportUnreadable&) {
    // The store says of everything that is no report the same.
  }
  throw StoreError("this is no report of a run: its schema has to be squall-run/…");
}

}  // namespace

ReportIndex index_of_report(const std::string& report) {
  const ReportedRun run = read(report);
  ReportIndex index;
  index.beginning = {.run = run.run,
                     .scenario = run.scenario,
                     .scenario_hash = run.scenario_hash,
                     .scenario_text = run.scenario_text,
                     .scenario_file = run.scenario_file,
                     .started_at = run.started_at,
                     .tool_version = run.tool_version,
                     .folder = {}};
  index.outcome = run.outcome;
  index.model = of_agents(run, &ReportedAgent::model);
  index.model_fingerprint = of_agents(run, &ReportedAgent::model_fingerprint);
  index.hardware_fingerprint = run.hardware_fingerprint;
  index.load = run.load;
  index.figures = figures_of(run).figures;
  return index;
}

}  // namespace squall::coordinator
