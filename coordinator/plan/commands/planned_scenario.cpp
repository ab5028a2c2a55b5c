#include "coordinator/plan/commands/planned_scenario.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "actors/tool_version.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/plan/search/slo_excess.hpp"
#include "coordinator/run/run_replay.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "scenarios/schema/scenario_setting.hpp"

namespace squall::coordinator {

namespace {

using scenarios::DocumentNode;
using scenarios::Scenario;

constexpr double most_users = 1e6, most_requests = 1e6;
constexpr double most_arrivals = 50e6;  // in a run
constexpr double least_share = 1.0 / 1024;

/// The shortest decimal text of a number, as TOML takes it.
std::string written(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  std::string number(text, end);
  if (number.find_first_of(".e") == std::string::npos) number += ".0";
  return number;
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const auto& text : texts) {
    list += list.size() > 1 ? ", \"" : "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') list += '\\';
      list += c;
    }
    list += '"';
  }
  return list + "]";
}

/// The mean of whatever distribution, by its quantiles.
double mean_of(const scenarios::Distribution& law) {
  constexpr int steps = 500;
  if (law.shape == scenarios::Distribution::Shape::constant) return law.mean;
  double sum = 0;
  for (int i = 0; i < steps; ++i) sum += law.quantile((i + 0.5) / steps);
  return sum / steps;
}

/// Equal but for where they stand; `left_out` is a key of the top that is not looked at.
bool same_values(const DocumentNode& one, const DocumentNode& other,
                 const std::vector<std::string>& left_out = {}) {
  if (one.kind != other.kind || one.text != other.text || one.integer != other.integer ||
      one.real != other.real || one.boolean != other.boolean ||
      one.items.size() != other.items.size())
    return false;
  for (std::size_t i = 0; i < one.items.size(); ++i)
    if (!same_values(one.items[i], other.items[i])) return false;
  const auto counts = [&](const DocumentNode& node) {
    return std::ranges::count_if(node.entries, [&](const auto& entry) {
      return std::ranges::find(left_out, entry.key) == left_out.end();
    });
  };
  if (counts(one) != counts(other)) return false;
  for (const auto& entry : one.entries) {
    if (std::ranges::find(left_out, entry.key) != left_out.end()) continue;
    const auto* const found = other.find(entry.key);
    if (found == nullptr || !same_values(entry.value, found->value)) return false;
  }
  return true;
}

/// The header of a table: "[users]", "[users.think_time]", "[[x]]"; empty for any other line.
std::string header_of(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string::npos || line[begin] != '[') return {};
  const std::size_t name = line.find_first_not_of("[ \t", begin);
  const std::size_t end = name == std::string::npos ? name : line.find_first_of("] \t", name);
  return end == std::string::npos ? std::string() : line.substr(name, end - name);
}

void check_has_limits(const Scenario& scenario) {
  if (scenario.adaptive.wanted) return;
  const bool any = std::ranges::any_of(scenario.thresholds, limits_load);
  if (!any)
    throw UsageError(
        "the scenario has no limit that a load could exceed, so there is nothing to search for; "
        "add thresholds = [\"ttft p95 < 300ms\"] to it, or --slo \"ttft p95 < 300ms\"");
}

void check_has_constant_load(const DocumentNode& root, const char* table, const char* key) {
  const auto* const load = root.find(table);
  for (const char* form : {"shape", "stages"})
    if (load != nullptr && load->value.find(form) != nullptr)
      throw UsageError(std::string("a search holds each load for a while, and the scenario's [") +
                       table + "] has '" + form + "'; plan a scenario with '" + key + "'");
}

void read_load(CapacityPlan& plan, const Scenario& scenario, const DocumentNode& root) {
  const nanoseconds end = scenario.phases.warm_up + scenario.phases.measure;
  if (const auto* users = std::get_if<scenarios::ClosedUsers>(&scenario.load)) {
    check_has_constant_load(root, "users", "count");
    plan.kind = LoadKind::users;
    plan.think_time = mean_of(users->think_time);
    plan.conversations = mean_of(users->conversations.turns) > 1;
    plan.rules.start = std::max(1.0, std::round(users->count.highest(end)));
    plan.rules.lowest = 1;
    plan.rules.highest = most_users;
  } else if (const auto* arrivals = std::get_if<scenarios::OpenArrivals>(&scenario.load)) {
    check_has_constant_load(root, "arrivals", "rate");
    constexpr const char* names[] = {"constant", "poisson", "gamma"};
    plan.kind = LoadKind::requests;
    plan.arrivals = names[static_cast<std::size_t>(arrivals->process)];
    plan.rules.start = arrivals->rate.highest(end);
    plan.rules.highest = std::min(most_requests, most_arrivals / in_seconds(end) / 10);
  } else {
    throw UsageError(
        "a recorded load has one rate, the recorded one; plan a scenario with [users] or "
        "[arrivals]");
  }
  plan.rules.whole = plan.kind == LoadKind::users;
}

void read_rules(CapacityPlan& plan, const PlanOptions& options) {
  SearchRules& rules = plan.rules;
  if (options.start) rules.start = *options.start;
  if (plan.kind == LoadKind::users) rules.start = std::max(1.0, std::round(rules.start));
  if (!(rules.start > 0)) throw UsageError("--start must be above 0");
  if (plan.kind == LoadKind::requests) rules.lowest = rules.start * least_share;
  if (options.most) rules.highest = std::min(rules.highest, *options.most);
  if (rules.start > rules.highest)
    throw UsageError("the search starts at " + written(rules.start) +
                     ", which is above the most that it may ask; change --start or --most");
  if (options.probes) rules.at_most = *options.probes;
  if (!options.precision.empty()) rules.precision = share_of(options.precision, "--precision");
  if (!(rules.precision >= 0.001 && rules.precision <= 0.5))
    throw UsageError("--precision is between 0.1% and 50%; got " + options.precision);
  plan.with_levels = !options.no_levels;
  plan.soak_seconds = seconds_of(options.soak, "--soak");
}

}  // namespace

std::string with_arrivals_for_users(const std::string& text, const std::string& file, double rate) {
  const DocumentNode before = scenarios::parse_toml_document(text, file);
  std::istringstream lines(text);
  std::string changed;
  bool of_users = false;
  for (std::string line; std::getline(lines, line);) {
    if (const std::string header = header_of(line); !header.empty())
      of_users = header == "users" || header.starts_with("users.");
    if (!of_users) changed += line + "\n";
  }
  changed += "\n[arrivals]\nprocess = \"poisson\"\nrate = " + written(rate) + "\n";
  const auto cannot = [&](const std::string& why) {
    return UsageError("--open cannot turn this scenario's users into arrivals: " + why +
                      "; plan a scenario with [arrivals]");
  };
  if (before.find("users") == nullptr) throw cannot("it has no [users]");
  for (const auto& category : scenarios::parse_scenario(text, file).categories) {
    const auto* const prompts = std::get_if<scenarios::PromptsFromFile>(&category.prompts);
    if (prompts != nullptr && !std::filesystem::path(prompts->file).is_absolute())
      throw cannot("its prompts are in a file whose path is relative to the scenario");
  }
  try {
    const DocumentNode after = scenarios::parse_toml_document(changed, file);
    if (after.find("users") != nullptr || !same_values(before, after, {"users", "arrivals"}))
      throw cannot("[users] does not stand on lines of its own");
  } catch (const scenarios::ScenarioError&) {
    throw cannot("[users] does not stand on lines of its own");
  }
  return changed;
}

CapacityPlan plan_for(const PlanOptions& options, const std::string& text) {
  CapacityPlan plan;
  plan.tool_version = actors::tool_version;
  plan.scenario_file = std::filesystem::absolute(options.scenario).string();
  scenarios::parse_scenario(text, options.scenario);
  plan.scenario_text =
      options.open ? with_arrivals_for_users(text, options.scenario, options.start.value_or(1))
                   : text;
  plan.settings = options.settings;
  for (const auto& limit : options.limits) {
    try {
      if (!limits_load(scenarios::parse_threshold(limit)))
        throw UsageError("--slo '" + limit +
                         "': more load does not make it harder to keep; a search needs an upper "
                         "limit on a duration or on errors");
    } catch (const scenarios::ThresholdError& error) {
      throw UsageError("--slo '" + limit + "': " + error.what());
    }
  }
  if (!options.limits.empty()) plan.settings.push_back("thresholds=" + quoted_list(options.limits));
  if (!options.probe.empty()) {
    const double seconds = seconds_of(options.probe, "--probe");
    plan.settings.push_back("phases.measure=" + std::to_string(std::llround(seconds * 1000)) +
                            "ms");
  }
  std::string changed;
  try {
    changed = scenarios::with_settings(plan.scenario_text, plan.settings);
  } catch (const scenarios::SettingError& error) {
    throw UsageError(std::string("--set: ") + error.what());
  }
  const Scenario scenario = scenarios::parse_scenario(changed, options.scenario + " as changed");
  check_has_limits(scenario);
  plan.scenario = scenario.name;
  plan.scenario_hash = hash_of_scenario(plan.scenario_text);
  plan.seed = scenario.seed;
  plan.warm_up = in_seconds(scenario.phases.warm_up);
  plan.measure = in_seconds(scenario.phases.measure);
  read_load(plan, scenario, scenarios::parse_toml_document(changed, options.scenario));
  read_rules(plan, options);
  plan.passed_on = options.passed_on;
  if (!options.kind.empty()) plan.machine_kind = options.kind;
  plan.machines = options.answering.value_or(1);
  return plan;
}

std::vector<std::string> probe_settings(const CapacityPlan& plan, double load, double measure) {
  auto settings = plan.settings;
  if (plan.kind == LoadKind::users)
    settings.push_back("users.count=" + std::to_string(std::llround(load)));
  else
    settings.push_back("arrivals.rate=" + written(load));
  // Each its own prompts: what a server kept of those before must not help.
  const std::uint64_t seed = (plan.seed + plan.probes.size() + 1) & 0x7fffffffffffffffULL;
  settings.push_back("seed=" + std::to_string(seed));
  if (std::abs(measure - plan.measure) > 1e-3)
    settings.push_back("phases.measure=" + std::to_string(std::llround(measure * 1000)) + "ms");
  return settings;
}

}  // namespace squall::coordinator
