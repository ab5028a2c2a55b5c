#include "coordinator/compare/comparability.hpp"

#include <algorithm>

namespace squall::coordinator {

namespace {

struct Thing {
  std::string_view name;
  std::string (*value)(const RunFigures&);
};

std::string model_of(const RunFigures& run) {
  if (run.model_fingerprint.empty()) return run.model;
  return run.model + " [" + run.model_fingerprint + "]";
}

std::string scenario_of(const RunFigures& run) {
  return run.scenario + " [" + run.scenario_hash + "]";
}

const std::vector<Thing>& things() {
  static const std::vector<Thing> all{
      {"scenario", scenario_of},
      {"seed", [](const RunFigures& run) { return std::to_string(run.seed); }},
      {"agents", [](const RunFigures& run) { return std::to_string(run.agents); }},
      {"plan", [](const RunFigures& run) { return run.plan; }},
      {"target", [](const RunFigures& run) { return run.target_kind; }},
      {"model", model_of},
      {"instruction_set", [](const RunFigures& run) { return run.instruction_set; }},
      {"hardware", [](const RunFigures& run) { return run.hardware_fingerprint; }},
  };
  return all;
}

template <class Value>
std::set<std::string> values_of(const std::vector<RunFigures>& runs, const Value& value) {
  std::set<std::string> values;
  for (const auto& run : runs) values.insert(value(run));
  return values;
}

std::string listed(const std::set<std::string>& values) {
  std::string text;
  for (const auto& value : values)
    text += (text.empty() ? "" : " | ") + (value.empty() ? "unknown" : value);
  return text;
}

std::size_t without_hardware(const std::vector<RunFigures>& runs) {
  return static_cast<std::size_t>(std::count_if(
      runs.begin(), runs.end(), [](const auto& run) { return run.hardware_fingerprint.empty(); }));
}

void warn(Comparability& result, const std::vector<RunFigures>& base,
          const std::vector<RunFigures>& run) {
  if (const auto unknown = without_hardware(base) + without_hardware(run); unknown > 0)
    result.warnings.push_back("the hardware of " + std::to_string(unknown) + " of " +
                              std::to_string(base.size() + run.size()) +
                              " runs is not known; make sure that all ran on the same machine");
  const auto version = [](const RunFigures& each) { return each.tool_version; };
  const auto before = values_of(base, version);
  const auto after = values_of(run, version);
  if (before != after)
    result.warnings.push_back("measured by different versions of squall: base " + listed(before) +
                              ", run " + listed(after));
}

}  // namespace

const std::vector<std::string_view>& comparable_things() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const auto& thing : things()) all.push_back(thing.name);
    return all;
  }();
  return names;
}

std::vector<RunDifference> identities(const std::vector<RunFigures>& base,
                                      const std::vector<RunFigures>& run) {
  std::vector<RunDifference> all;
  for (const auto& thing : things())
    all.push_back({std::string(thing.name), listed(values_of(base, thing.value)),
                   listed(values_of(run, thing.value))});
  return all;
}

Comparability comparability(const std::vector<RunFigures>& base, const std::vector<RunFigures>& run,
                            const std::set<std::string>& on_purpose) {
  Comparability result;
  for (const auto& thing : things()) {
    const auto before = values_of(base, thing.value);
    const auto after = values_of(run, thing.value);
    auto all = before;
    all.insert(after.begin(), after.end());
    // Hardware that nobody told is no proof of a difference: it is warned of.
    if (thing.name == "hardware") all.erase("");
    if (all.size() <= 1) continue;
    auto& list =
        on_purpose.count(std::string(thing.name)) > 0 ? result.accepted : result.differences;
    list.push_back({std::string(thing.name), listed(before), listed(after)});
  }
  warn(result, base, run);
  return result;
}

}  // namespace squall::coordinator
