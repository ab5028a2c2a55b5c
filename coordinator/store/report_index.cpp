#include "coordinator/store/report_index.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace squall::coordinator {

using nlohmann::json;

namespace {

/// The part of a report at a path; null where it has none.
const json& at(const json& report, const char* path) {
  static const json nothing;
  const json::json_pointer pointer(path);
  return report.contains(pointer) ? report.at(pointer) : nothing;
}

std::string text(const json& report, const char* path) {
  const json& value = at(report, path);
  return value.is_string() ? value.get<std::string>() : std::string();
}

/// What all agents say, or each of them in order of their names: "a + b".
std::string of_agents(const json& report, const char* path) {
  std::vector<std::pair<std::string, std::string>> said;  // name, value
  const json& agents = at(report, "/agents");
  if (!agents.is_array()) return {};
  for (const json& agent : agents)
    if (auto value = text(agent, path); !value.empty())
      said.emplace_back(text(agent, "/name"), std::move(value));
  std::ranges::sort(said);
  std::vector<std::string> different;
  for (auto& [name, value] : said)
    if (std::ranges::find(different, value) == different.end())
      different.push_back(std::move(value));
  std::string all;
  for (const auto& value : different) all += (all.empty() ? "" : " + ") + value;
  return all;
}

void add(std::map<std::string, double>& figures, const std::string& name, const json& value) {
  if (value.is_number() && std::isfinite(value.get<double>())) figures[name] = value.get<double>();
}

std::string percentile(double value) {
  char name[32];
  std::snprintf(name, sizeof name, "p%g", value);
  return name;
}

/// "ttft_p99", "ttft_mean"; a percentile that is only known as "at least" is no figure.
void add_durations(std::map<std::string, double>& figures, const json& durations) {
  if (!durations.is_object()) return;
  for (const auto& [metric, row] : durations.items()) {
    if (!row.is_object()) continue;
    add(figures, metric + "_mean", at(row, "/mean"));
    const json& percentiles = at(row, "/percentiles");
    if (!percentiles.is_array()) continue;
    for (const json& each : percentiles) {
      const json& rank = at(each, "/percentile");
      if (!rank.is_number() || at(each, "/at_least") == json(true)) continue;
      add(figures, metric + "_" + percentile(rank.get<double>()), at(each, "/value"));
    }
  }
}

void add_error_rate(std::map<std::string, double>& figures, const json& ledger) {
  const auto count = [&](const char* path) {
    const json& value = at(ledger, path);
    return value.is_number() ? value.get<double>() : 0.0;
  };
  const double failed = count("/error") + count("/timeout");
  if (const double ended = failed + count("/ok"); ended > 0) figures["error_rate"] = failed / ended;
}

std::map<std::string, double> figures_of(const json& report) {
  std::map<std::string, double> figures;
  for (const char* name : {"tokens_per_second", "requests_per_second", "mean_in_flight"})
    add(figures, name, at(at(report, "/throughput"), (std::string("/") + name).c_str()));
  add_error_rate(figures, at(report, "/ledger/total/measure"));
  add(figures, "accuracy", at(report, "/phases/measure/accuracy/share"));
  add_durations(figures, at(report, "/phases/measure/durations"));
  return figures;
}

}  // namespace

ReportIndex index_of_report(const std::string& text_of_report) {
  const json report = json::parse(text_of_report, nullptr, false);
  if (!report.is_object() || !text(report, "/schema").starts_with("squall-run/") ||
      text(report, "/run/id").empty())
    throw StoreError("this is no report of a run: its schema has to be squall-run/…");
  ReportIndex index;
  index.beginning = {.run = text(report, "/run/id"),
                     .scenario = text(report, "/scenario/name"),
                     .scenario_hash = text(report, "/scenario/hash"),
                     .scenario_text = text(report, "/scenario/text"),
                     .scenario_file = text(report, "/scenario/file"),
                     .started_at = text(report, "/run/started_at"),
                     .tool_version = text(report, "/run/tool_version"),
                     .folder = {}};
  index.outcome = text(report, "/verdict/outcome");
  index.model = of_agents(report, "/model");
  index.model_fingerprint = of_agents(report, "/model_fingerprint");
  index.hardware_fingerprint = text(report, "/hardware_fingerprint");
  index.load = text(report, "/scenario/load");
  index.figures = figures_of(report);
  return index;
}

}  // namespace squall::coordinator
