#include "coordinator/thresholds/thresholds_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "scenarios/thresholds/limit_value.hpp"

namespace squall::coordinator {

using json = nlohmann::ordered_json;

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

template <class Number>
void read_number(const json& from, const char* key, Number& to) {
  if (const auto found = from.find(key); found != from.end() && found->is_number())
    to = found->get<Number>();
}

void read_text(const json& from, const char* key, std::string& to) {
  if (const auto found = from.find(key); found != from.end() && found->is_string())
    to = found->get<std::string>();
}

void read_ceilings(const json& from, scenarios::MeasuredCeilings& ceilings) {
  if (!from.is_object()) return;
  read_number(from, "threads", ceilings.threads);
  read_number(from, "int8_multiply_adds_per_second", ceilings.int8_per_second);
  read_number(from, "float_multiply_adds_per_second", ceilings.float_per_second);
  const auto bandwidth = from.find("bandwidth");
  if (bandwidth == from.end() || !bandwidth->is_array()) return;
  for (const json& each : *bandwidth) {
    scenarios::BandwidthCeiling ceiling;
    if (each.is_object()) {
      read_number(each, "threads", ceiling.threads);
      read_number(each, "bytes_per_second", ceiling.bytes_per_second);
    }
    ceilings.bandwidth.push_back(ceiling);
  }
}

void read_gpus(const json& from, scenarios::HardwareFacts& facts) {
  if (!from.is_array()) return;
  for (const json& each : from) {
    scenarios::GpuFacts gpu;
    if (!each.is_object()) continue;
    read_text(each, "name", gpu.name);
    read_text(each, "vendor", gpu.vendor);
    read_text(each, "architecture", gpu.architecture);
    read_number(each, "memory_bytes", gpu.memory_bytes);
    gpu.integrated = each.value("integrated", json(false)) == json(true);
    facts.gpus.push_back(std::move(gpu));
  }
}

scenarios::HardwareFacts hardware_of(const json& from) {
  scenarios::HardwareFacts facts;
  read_text(from, "processor", facts.processor);
  read_text(from, "architecture", facts.architecture);
  read_number(from, "sockets", facts.sockets);
  read_number(from, "cores", facts.cores);
  read_number(from, "threads", facts.threads);
  read_number(from, "performance_cores", facts.performance_cores);
  read_number(from, "efficiency_cores", facts.efficiency_cores);
  read_number(from, "memory_bytes", facts.memory_bytes);
  read_number(from, "cpu_limit", facts.cpu_limit);
  read_number(from, "memory_limit_bytes", facts.memory_limit_bytes);
  read_text(from, "kernel", facts.kernel);
  read_text(from, "virtualization", facts.virtualization);
  facts.battery = from.value("battery", json(false)) == json(true);
  if (const auto sets = from.find("instruction_sets"); sets != from.end() && sets->is_array())
    for (const json& each : *sets)
      if (each.is_string()) facts.instruction_sets.push_back(each.get<std::string>());
  read_gpus(from.value("gpus", json()), facts);
  read_ceilings(from.value("ceilings", json()), facts.ceilings);
  return facts;
}

scenarios::ModelFacts model_of(const json& from) {
  scenarios::ModelFacts facts;
  read_number(from, "parameters", facts.parameters);
  read_number(from, "file_bytes", facts.file_bytes);
  read_text(from, "format", facts.format);
  read_number(from, "weight_bytes_per_step", facts.weight_bytes);
  read_number(from, "multiply_adds_per_token", facts.multiply_adds);
  read_number(from, "kv_bytes_per_position", facts.kv_bytes);
  return facts;
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
  const json root = json::parse(text, nullptr, false);
  if (!root.is_object() || !root.contains("schema") || !root["schema"].is_string())
    throw MachineUnreadable(
        "this is neither a run's report nor what squall hardware --json prints");
  const auto schema = root["schema"].get<std::string>();
  if (schema.starts_with("squall-hardware/")) {
    MachineAndModel found;
    found.hardware = hardware_of(root);
    return {found};
  }
  const json agents = root.value("agents", json::array());
  if (!schema.starts_with("squall-run/") || !agents.is_array() || agents.empty() ||
      !std::ranges::all_of(agents, [](const json& each) { return each.is_object(); }))
    throw MachineUnreadable(
        "a report of a run with agents is needed, or what squall hardware "
        "--json prints; this is " +
        schema);
  std::vector<MachineAndModel> all;
  for (const json& agent : agents) {
    MachineAndModel& found = all.emplace_back();
    read_text(agent, "name", found.agent);
    read_text(agent, "host", found.host);
    read_text(agent, "model_fingerprint", found.model_fingerprint);
    read_number(agent, "engine_threads", found.engine_threads);
    const json hardware = agent.value("hardware", json());
    const json model = agent.value("model_facts", json());
    if (hardware.is_object()) found.hardware = hardware_of(hardware);
    if (model.is_object()) found.model = model_of(model);
  }
  return all;
}

}  // namespace squall::coordinator
