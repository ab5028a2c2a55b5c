#include "coordinator/compare/run_figures.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

namespace squall::coordinator {

using nlohmann::json;

namespace {

constexpr int oldest_schema = 3;
constexpr int newest_schema = 4;

/// Null where there is none; a report of an older schema lacks some.
const json& member(const json& object, const char* key) {
  static const json none;
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : ""; }

void check_schema(const json& report) {
  const std::string schema = text_of(member(report, "schema"));
  int version = 0;
  if (std::sscanf(schema.c_str(), "squall-run/%d", &version) != 1)
    throw ReportUnreadable("is no report of a run; `squall run --json FILE` writes one");
  if (version < oldest_schema)
    throw ReportUnreadable("has schema " + schema + ", which is too old to compare; run it again");
  if (version > newest_schema)
    throw ReportUnreadable("has schema " + schema +
                           ", which is newer than this program; use a newer squall");
}

std::string percentile_suffix(double percentile) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "_p%g", percentile);
  return text.data();
}

void add(RunFigures& run, const std::string& name, const json& value) {
  if (value.is_number() && std::isfinite(value.get<double>()))
    run.figures[name] = value.get<double>();
}

void add_durations(RunFigures& run, const json& durations) {
  for (const auto& [name, row] : durations.items()) {
    if (!row.is_object()) continue;
    add(run, name + "_mean", member(row, "mean"));
    for (const json& estimate : member(row, "percentiles")) {
      const std::string key = name + percentile_suffix(estimate.at("percentile").get<double>());
      if (member(estimate, "at_least") == json(true)) {
        // The true one is longer, nobody knows by how much: equal bounds are no equal figures.
        run.withheld[key] = "only known as \"at least\": requests went unanswered";
        continue;
      }
      add(run, key, member(estimate, "value"));
      if (const std::string why = text_of(member(estimate, "withheld")); !why.empty())
        run.withheld[key] = why;
    }
  }
}

void add_error_rate(RunFigures& run, const json& ledger) {
  const auto count = [&](const char* key) { return ledger.at(key).get<double>(); };
  const double failed = count("error") + count("timeout");
  const double ended = count("ok") + failed;
  if (ended > 0) run.figures["error_rate"] = failed / ended;
}

/// The different values that agents gave, in order.
std::string of_all_agents(const json& agents, const char* key) {
  std::set<std::string> different;
  for (const json& agent : agents)
    if (std::string text = text_of(member(agent, key)); !text.empty())
      different.insert(std::move(text));
  std::string together;
  for (const auto& text : different) together += (together.empty() ? "" : ", ") + text;
  return together;
}

void add_identity(RunFigures& run, const json& report) {
  const json& scenario = report.at("scenario");
  run.run = text_of(report.at("run").at("id"));
  run.started_at = text_of(report.at("run").at("started_at"));
  run.tool_version = text_of(member(report.at("run"), "tool_version"));
  run.outcome = text_of(report.at("verdict").at("outcome"));
  run.scenario = text_of(scenario.at("name"));
  run.scenario_hash = text_of(scenario.at("hash"));
  run.seed = scenario.at("seed").get<std::uint64_t>();
  run.model = text_of(member(scenario, "model"));
  run.target_kind = text_of(report.at("target").at("kind"));
  const json& agents = report.at("agents");
  run.agents = agents.size();
  run.model_fingerprint = of_all_agents(agents, "model_fingerprint");
  run.instruction_set = of_all_agents(agents, "instruction_set");
  run.plan = of_all_agents(agents, "plan_fingerprint");
  run.hardware_fingerprint = text_of(member(report, "hardware_fingerprint"));  // none in schema 3
}

}  // namespace

RunFigures figures_of_report(const std::string& text) {
  try {
    const json report = json::parse(text);
    check_schema(report);
    RunFigures run;
    add_identity(run, report);
    const json& measured = report.at("phases").at("measure");
    add_durations(run, measured.at("durations"));
    add_error_rate(run, measured.at("ledger"));
    add(run, "accuracy", member(member(measured, "accuracy"), "share"));
    for (const char* key : {"tokens_per_second", "requests_per_second"})
      add(run, key, member(report.at("throughput"), key));
    return run;
  } catch (const json::exception& error) {
    throw ReportUnreadable(std::string("is no report of a run, or is damaged: ") + error.what());
  }
}

}  // namespace squall::coordinator
