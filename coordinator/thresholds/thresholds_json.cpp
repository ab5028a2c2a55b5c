#include "coordinator/thresholds/thresholds_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "scenarios/hardware/hardware_json.hpp"
#include "scenarios/thresholds/limit_value.hpp"

namespace squall::coordinator {

using json = nlohmann::ordered_json;
using Parsed = nlohmann::json;

namespace {

json to_json(const scenarios::ResolvedThreshold& resolved) {
  const auto metric = resolved.threshold.metric;
  json steps = json::array();
  for (const auto& step : resolved.steps)
    steps.push_back({{"rule", step.rule},
                     {"source", step.source},
                     {"value", step.value ? json(*step.value) : json(nullptr)}});
  const bool known = resolved.missing.empty() &&
                     resolved.threshold.source != scenarios::Threshold::Source::ceiling;
  return {{"threshold", resolved.threshold.text},
          {"metric", scenarios::describe(metric).name},
          {"limit", known ? json(resolved.threshold.limit) : json(nullptr)},
          {"limit_text", known ? json(scenarios::written_limit(resolved.threshold.limit, metric))
                               : json(nullptr)},
          {"guess", resolved.guess.empty() ? json(nullptr) : json(resolved.guess)},
          {"missing", resolved.missing.empty() ? json(nullptr) : json(resolved.missing)},
          {"provenance", std::move(steps)}};
}

std::string text_in(const Parsed& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string explanation_json(const ThresholdExplanation& explanation) {
  const auto& situation = explanation.situation;
  json thresholds = json::array();
  for (const auto& each : explanation.thresholds) thresholds.push_back(to_json(each));
  const json out{
      {"schema", "squall-thresholds/1"},
      {"scenario", explanation.scenario.empty() ? json(nullptr) : json(explanation.scenario)},
      {"hardware",
       {{"class", name_of(situation.hardware.hardware)}, {"reason", situation.hardware.reason}}},
      {"model", {{"size", name_of(situation.model)}, {"reason", situation.model_reason}}},
      {"environment",
       {{"name", name_of(situation.environment)}, {"source", situation.environment_source}}},
      {"thresholds", std::move(thresholds)},
      {"notes", explanation.notes}};
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string list_json() {
  json limits = json::array();
  for (const auto& limit : scenarios::usual_limits())
    limits.push_back({{"name", name_of(limit)},
                      {"variable", variable_of(limit)},
                      {"metric", scenarios::describe(limit.metric).name},
                      {"meaning", scenarios::describe(limit.metric).meaning}});
  const auto names = [](const auto& all) {
    json result = json::array();
    for (const auto each : all) result.push_back(name_of(each));
    return result;
  };
  const json out{{"schema", "squall-thresholds-list/1"},
                 {"limits", std::move(limits)},
                 {"hardware", names(scenarios::all_hardware_classes)},
                 {"model", names(scenarios::all_model_sizes)},
                 {"environment", names(scenarios::all_environments)}};
  return out.dump(2) + "\n";
}

std::vector<MachineAndModel> machines_of_json(const std::string& text) {
  const Parsed root = Parsed::parse(text, nullptr, false);
  if (!root.is_object() || !root.contains("schema") || !root["schema"].is_string())
    throw MachineUnreadable(
        "this is neither a run's report nor what squall hardware --json prints");
  const auto schema = root["schema"].get<std::string>();
  if (schema.starts_with("squall-hardware/")) {
    MachineAndModel found;
    found.hardware = scenarios::hardware_from_json(root);
    return {found};
  }
  const Parsed agents = root.value("agents", Parsed::array());
  if (!schema.starts_with("squall-run/") || !agents.is_array() || agents.empty() ||
      !std::ranges::all_of(agents, [](const Parsed& each) { return each.is_object(); }))
    throw MachineUnreadable(
        "a report of a run with agents is needed, or what squall hardware "
        "--json prints; this is " +
        schema);
  std::vector<MachineAndModel> all;
  for (const Parsed& agent : agents) {
    MachineAndModel& found = all.emplace_back();
    found.agent = text_in(agent, "name");
    found.host = text_in(agent, "host");
    found.model_fingerprint = text_in(agent, "model_fingerprint");
    if (const Parsed threads = agent.value("engine_threads", Parsed());
        threads.is_number_unsigned())
      found.engine_threads = threads.get<unsigned>();
    const Parsed hardware = agent.value("hardware", Parsed());
    const Parsed model = agent.value("model_facts", Parsed());
    if (hardware.is_object()) found.hardware = scenarios::hardware_from_json(hardware);
    if (model.is_object()) found.model = scenarios::model_facts_from_json(model);
  }
  return all;
}

}  // namespace squall::coordinator
