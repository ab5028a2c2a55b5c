#include "coordinator/thresholds/threshold_inputs.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <unistd.h>

#include "coordinator/commands/run_options.hpp"
#include "coordinator/store/run_store.hpp"
#include "scenarios/schema/nearest_name.hpp"

namespace squall::coordinator {

using scenarios::Metric;
using scenarios::Scenario;
using scenarios::Threshold;

namespace {

constexpr std::size_t newest_runs = 200;  // that are learned from

scenarios::Environment environment_named(const std::string& name, const std::string& source) {
  if (const auto found = scenarios::find_environment(name)) return *found;
  std::vector<std::string_view> names;
  for (const auto each : scenarios::all_environments) names.push_back(name_of(each));
  throw UsageError(source + ": unknown environment " + scenarios::quoted(name) +
                   scenarios::nearest_or_all(name, names, "environments"));
}

/// Of "SQUALL_MAX_TTFT_P95=300ms".
scenarios::LimitRule rule_of_variable(const std::string& name, const std::string& value) {
  std::string limit = name.substr(std::string("SQUALL_").size());
  for (char& letter : limit)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  try {
    scenarios::LimitRule rule;
    rule.limit = scenarios::parse_limit_name(limit);
    rule.change = scenarios::parse_limit_change(value, rule.limit);
    rule.source = "$" + name;
    return rule;
  } catch (const scenarios::ThresholdError& error) {
    throw UsageError("$" + name + ": " + error.what());
  }
}

bool learns(const Scenario& scenario) {
  return std::ranges::any_of(scenario.thresholds, [](const Threshold& each) {
    return each.source == Threshold::Source::learned;
  });
}

std::vector<std::string> baselines_of(const Scenario& scenario, const ThresholdInputs& inputs) {
  std::vector<std::string> names;
  for (const Threshold& each : scenario.thresholds)
    if (each.metric == Metric::speedup) names.push_back(each.baseline);
  for (const auto* rules : {&scenario.adaptive.overrides, &inputs.overrides})
    for (const auto& rule : *rules)
      if (!rule.change.baseline.empty()) names.push_back(rule.change.baseline);
  return names;
}

void read_store(const Scenario& scenario, const ThresholdOptions& options,
                ThresholdInputs& inputs) {
  const auto wanted = baselines_of(scenario, inputs);
  const bool needed = learns(scenario) || !wanted.empty();
  if (!needed) return;
  const RunStore store(store_file(options.store, options.state));
  std::map<std::string, std::vector<double>> rates;
  for (const std::string& name : wanted)
    for (const std::string& run : store.baseline(name)) {
      const auto figures = store.find(run).figures;
      if (const auto rate = figures.find("tokens_per_second"); rate != figures.end())
        rates[name].push_back(rate->second);
    }
  inputs.baseline_rates = [rates](const std::string& name) {
    const auto found = rates.find(name);
    return found == rates.end() ? std::vector<double>{} : found->second;
  };
  RunQuery query;
  query.scenario = scenario.name;
  query.outcome = "pass";  // a failed run teaches nothing
  query.newest = newest_runs;
  const auto runs = std::make_shared<const std::vector<StoredRun>>(store.list(query));
  inputs.accepted_figures = [runs](const PastQuery& past) {
    std::vector<double> figures;
    for (const StoredRun& run : *runs) {
      if (run.beginning.scenario_hash != past.scenario_hash ||
          run.model_fingerprint != past.model_fingerprint ||
          run.hardware_fingerprint != past.hardware_fingerprint)
        continue;
      if (const auto figure = run.figures.find(past.figure); figure != run.figures.end())
        figures.push_back(figure->second);
    }
    return figures;
  };
}

}  // namespace

ThresholdInputs inputs_of_environment(const std::string& environment_option) {
  ThresholdInputs inputs;
  if (!environment_option.empty()) {
    inputs.environment = environment_named(environment_option, "--environment");
    inputs.environment_source = "--environment";
  } else if (const char* variable = std::getenv("SQUALL_ENVIRONMENT");
             variable != nullptr && *variable != '\0') {
    inputs.environment = environment_named(variable, "$SQUALL_ENVIRONMENT");
    inputs.environment_source = "$SQUALL_ENVIRONMENT";
  }
  std::map<std::string, std::string> variables;  // in order of their names, as nothing else is
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string variable = *each;
    const std::string name = variable.substr(0, variable.find('='));
    if ((name.starts_with("SQUALL_MIN_") || name.starts_with("SQUALL_MAX_")) &&
        name.size() + 1 < variable.size())
      variables[name] = variable.substr(name.size() + 1);
  }
  for (const auto& [name, value] : variables)
    inputs.overrides.push_back(rule_of_variable(name, value));
  return inputs;
}

ThresholdInputs threshold_inputs(const Scenario& scenario, const std::string& scenario_file,
                                 const ThresholdOptions& options) {
  ThresholdInputs inputs = inputs_of_environment(options.environment);
  if (!scenario.adaptive.file.empty()) {
    const std::string path =
        (std::filesystem::path(scenario_file).parent_path() / scenario.adaptive.file).string();
    inputs.table = scenarios::parse_threshold_table(
        read_text_file(path, "cannot read thresholds",
                       "[adaptive] file is relative to the scenario's folder"),
        path);
  }
  read_store(scenario, options, inputs);
  return inputs;
}

}  // namespace squall::coordinator
