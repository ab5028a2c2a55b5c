#include "coordinator/run/thresholds/threshold_resolution.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "actors/journal/threshold_entries.hpp"
#include "actors/wire/message_parts.hpp"
#include "coordinator/run/agents/agent_machines.hpp"
#include "scenarios/schema/scenario_document.hpp"
#include "scenarios/thresholds/learned_limit.hpp"
#include "scenarios/thresholds/roofline.hpp"

namespace squall::coordinator {

using scenarios::HardwareClass;
using scenarios::LimitRule;
using scenarios::LimitRules;
using scenarios::Metric;
using scenarios::ModelSize;
using scenarios::ResolvedThreshold;
using scenarios::Scenario;
using scenarios::Threshold;

namespace {

std::string source_of(const std::string& file, unsigned line) {
  return std::filesystem::path(file).filename().string() + ":" + std::to_string(line);
}

std::string source_of(const RunRecord& record, std::size_t threshold) {
  const auto& lines = record.scenario.threshold_lines;
  if (threshold >= lines.size()) return "scenario";
  return source_of(record.scenario_file, lines[threshold]);
}

/// Of several of which it is not known which one works, that with the least memory: limits are
/// never those of a stronger one.
std::vector<scenarios::GpuFacts> gpus_that_work(const scenarios::HardwareFacts& hardware,
                                                const std::optional<scenarios::ModelFacts>& model) {
  if (!model || !model->on_gpu || model->hybrid || hardware.gpus.empty()) return {};
  if (const auto* const known = scenarios::gpu_of_model(hardware, *model)) return {*known};
  return {*std::ranges::min_element(hardware.gpus, {}, &scenarios::GpuFacts::memory_bytes)};
}

bool works_on_gpu(const AgentRecord& agent) {
  return agent.ready && agent.ready->model_facts && agent.ready->model_facts->on_gpu;
}

/// The machine that does the work. What a server runs on nobody told, and a law runs on nothing.
std::optional<scenarios::HardwareFacts> working_hardware(const Scenario& scenario,
                                                         const AgentRecord& agent) {
  if (scenario.target.kind != scenarios::TargetKind::engine || !agent.ready) return std::nullopt;
  auto facts = agent.ready->hardware;
  if (!facts) return std::nullopt;
  // A GPU beside the processors makes nothing faster, and next to nothing where these have layers.
  facts->gpus = gpus_that_work(*facts, agent.ready->model_facts);
  return facts;
}

scenarios::HardwareProfile profile_of(const RunRecord& record) {
  const auto& target = record.scenario.target;
  if (target.kind == scenarios::TargetKind::openai)
    return {HardwareClass::unknown,
            "what the server runs on is not known; say it with hardware in "
            "[adaptive]"};
  if (target.kind == scenarios::TargetKind::simulated)
    return {HardwareClass::unknown, "a simulated target runs on no machine"};
  std::optional<scenarios::HardwareProfile> weakest;
  for (const AgentRecord& agent : record.agents) {
    const auto facts = working_hardware(record.scenario, agent);
    if (!facts)
      return {HardwareClass::unknown,
              "agent " + agent.hello.name + " did not say what its machine is"};
    auto profile = scenarios::classify(*facts);
    profile.reason = "agent " + agent.hello.name + ": " + profile.reason;
    // Classes are listed from the strongest to the weakest, and unknown last.
    if (!weakest || profile.hardware > weakest->hardware) weakest = std::move(profile);
  }
  return weakest.value_or(
      scenarios::HardwareProfile{HardwareClass::unknown, "there are no agents"});
}

void find_model_size(const RunRecord& record, scenarios::Situation& situation) {
  situation.model_reason = "no agent knows the model's parameters or bytes";
  for (const AgentRecord& agent : record.agents) {
    if (!agent.ready || !agent.ready->model_facts) continue;
    situation.model = scenarios::size_of(*agent.ready->model_facts);
    situation.model_reason = "agent " + agent.hello.name + ": " + agent.ready->model_name;
    return;
  }
}

/// Why a limit of the table has no meaning for this run; empty: it has one.
std::string why_not(const Scenario& scenario, bool gpu_works, Metric metric) {
  const bool own_engine = scenario.target.kind == scenarios::TargetKind::engine;
  switch (metric) {
    case Metric::accuracy:
      return scenario.accuracy.sample > 0 ? "" : "nothing is asked again: no accuracy = { … }";
    case Metric::goodput:
    case Metric::slo_attainment:
      return scenario.service_levels.empty() ? "the scenario has no slo" : "";
    case Metric::memory:
    case Metric::load_time:
      return own_engine ? "" : "the model is not on the agents' machines";
    case Metric::gpu_memory:
      return gpu_works ? "" : "no GPU does the work";
    case Metric::tokens_per_second: {
      const auto* users = std::get_if<scenarios::ClosedUsers>(&scenario.load);
      const bool waits =
          users != nullptr && users->think_time.maximum <= 0 && users->think_time.mean <= 0;
      return waits ? "" : "the load sets the rate: only users without think_time saturate";
    }
    default:
      return {};
  }
}

bool is_set_by(const LimitRules& rules, const scenarios::LimitName& limit) {
  return std::ranges::any_of(rules, [&](const LimitRule& rule) {
    return rule.limit == limit && rule.change.kind == scenarios::LimitChange::Kind::absolute;
  });
}

LimitRules scenario_rules(const Scenario& scenario, const std::string& file) {
  LimitRules rules = scenario.adaptive.overrides;
  for (LimitRule& rule : rules) rule.source = source_of(file, rule.line);
  return rules;
}

/// A line of the scenario takes the place of the table's threshold on the same figure and goes on
/// with its story. Two lines on one figure are both meant: a limit, and a wider one that aborts.
/// `of_table` says of each of `all` whether it is the table's still.
void put(std::vector<ResolvedThreshold>& all, std::vector<bool>& of_table,
         ResolvedThreshold added) {
  for (std::size_t i = 0; i < of_table.size(); ++i) {
    if (!of_table[i] || !scenarios::same_figure(all[i].threshold, added.threshold)) continue;
    added.steps.insert(added.steps.begin(), all[i].steps.begin(), all[i].steps.end());
    all[i] = std::move(added);
    of_table[i] = false;
    return;
  }
  all.push_back(std::move(added));
}

/// A speed-up over another baseline is another figure. A factor and "off" name none and mean all.
bool is_meant_by(const LimitRule& rule, const Threshold& threshold) {
  return scenarios::limit_name_of(threshold) == rule.limit &&
         (rule.change.baseline.empty() || rule.change.baseline == threshold.baseline);
}

/// What an environment variable does to the thresholds that there are; an absolute one that finds
/// none adds one. A limit that it names is not that of the wider line beside it, which aborts.
void apply_variable(std::vector<ResolvedThreshold>& all, const LimitRule& rule) {
  const bool absolute = rule.change.kind == scenarios::LimitChange::Kind::absolute;
  const bool spares_aborts = absolute && std::ranges::any_of(all, [&](const auto& each) {
                               return is_meant_by(rule, each.threshold) && !each.threshold.abort;
                             });
  bool found = false;
  for (auto each = all.begin(); each != all.end();) {
    const bool spared = spares_aborts && each->threshold.abort;
    if (spared || !is_meant_by(rule, each->threshold)) {
      ++each;
      continue;
    }
    found = true;
    each = scenarios::apply_override(*each, rule) ? each + 1 : all.erase(each);
  }
  if (found || !absolute) return;
  ResolvedThreshold added;
  added.threshold.metric = rule.limit.metric;
  added.threshold.statistic = rule.limit.statistic;
  added.threshold.percentile = rule.limit.percentile;
  added.threshold.comparison =
      rule.limit.is_minimum() ? Threshold::Comparison::at_least : Threshold::Comparison::at_most;
  scenarios::apply_override(added, rule);
  all.push_back(std::move(added));
}

void fill_in_reference(ResolvedThreshold& resolved, const ThresholdInputs& inputs) {
  Threshold& threshold = resolved.threshold;
  if (threshold.metric != Metric::speedup) return;
  resolved.reference = 0;
  resolved.missing.clear();
  const auto rates =
      inputs.baseline_rates ? inputs.baseline_rates(threshold.baseline) : std::vector<double>{};
  if (rates.empty()) {
    resolved.missing = "baseline " + threshold.baseline +
                       " has no run with tokens per second; squall baseline set " +
                       threshold.baseline + " RUN… makes it";
    return;
  }
  resolved.reference = scenarios::median_of(rates);
}

void add_different(std::vector<std::string>& all, const std::string& value) {
  if (!value.empty() && std::ranges::find(all, value) == all.end()) all.push_back(value);
}

std::string joined(const std::vector<std::string>& all) {
  std::string text;
  for (const auto& each : all) text += (text.empty() ? "" : " + ") + each;
  return text;
}

PastQuery query_of(const Threshold& threshold, const RunRecord& record) {
  PastQuery query{figure_name(threshold), record.scenario_hash, {}, {}};
  // As the store has them: what all agents say, or each of them in order of their names.
  std::vector<const AgentRecord*> agents;
  for (const AgentRecord& agent : record.agents)
    if (agent.ready) agents.push_back(&agent);
  std::ranges::stable_sort(agents, {}, [](const AgentRecord* each) { return each->hello.name; });
  std::vector<std::string> models;
  for (const AgentRecord* agent : agents) add_different(models, agent->ready->model_fingerprint);
  query.model_fingerprint = joined(models);
  query.hardware_fingerprint = fingerprint_of_machines(record.agents);
  return query;
}

/// What the journal cannot hold is left out with a note, never silently: a run is judged by what
/// its journal says.
void keep_to_limits(ThresholdResolution& resolution) {
  std::vector<std::string> left_out;
  std::erase_if(resolution.thresholds, [&](const ResolvedThreshold& each) {
    const std::string why = why_not_kept(each);
    if (!why.empty()) left_out.push_back(cut_text(each.threshold) + " is left out: " + why);
    return !why.empty();
  });
  auto& thresholds = resolution.thresholds;
  if (thresholds.size() > actors::threshold_limit) {
    left_out.push_back(std::to_string(thresholds.size() - actors::threshold_limit) +
                       " thresholds are left out: a run has at most " +
                       std::to_string(actors::threshold_limit));
    thresholds.erase(thresholds.begin() + actors::threshold_limit, thresholds.end());
  }
  for (ResolvedThreshold& each : thresholds) keep_newest_steps(each);
  auto& notes = resolution.notes;
  notes.insert(notes.begin(), left_out.begin(), left_out.end());
  if (notes.size() <= actors::note_limit) return;
  const std::size_t more = notes.size() - actors::note_limit + 1;
  notes.resize(actors::note_limit - 1);
  notes.push_back(std::to_string(more) + " more notes are left out");
}

}  // namespace

std::optional<std::size_t> find_same_figure(const std::vector<ResolvedThreshold>& all,
                                            const Threshold& wanted) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!scenarios::same_figure(all[i].threshold, wanted)) continue;
    if (all[i].threshold.abort == wanted.abort) return i;
    if (!found) found = i;
  }
  return found;
}

std::string cut_text(const Threshold& threshold) {
  std::string cut = actors::cut(threshold.text);
  return cut == threshold.text ? cut : cut + "…";
}

std::string why_not_kept(const ResolvedThreshold& resolved) {
  const std::string& text = resolved.threshold.text;
  if (actors::cut(text) != text) return "its text is too long";
  try {
    scenarios::parse_threshold(text);
  } catch (const scenarios::ThresholdError& error) {
    return error.what();
  }
  return {};
}

void keep_newest_steps(ResolvedThreshold& resolved) {
  auto& steps = resolved.steps;
  if (steps.size() > actors::step_limit)
    steps.erase(steps.begin(), steps.end() - actors::step_limit);
}

std::string figure_name(const Threshold& threshold) {
  const std::string metric(scenarios::describe(threshold.metric).name);
  switch (threshold.statistic) {
    case Threshold::Statistic::value:
      return metric;
    case Threshold::Statistic::mean:
      return metric + "_mean";
    case Threshold::Statistic::maximum:
      return metric + "_max";
    case Threshold::Statistic::percentile:
      break;
  }
  return metric + "_p" + scenarios::shown(threshold.percentile);
}

bool needs_resolution(const Scenario& scenario, const ThresholdInputs& inputs) {
  const auto is_plain = [](const Threshold& threshold) {
    return threshold.source == Threshold::Source::absolute && threshold.metric != Metric::speedup;
  };
  return scenario.adaptive.wanted || !inputs.overrides.empty() ||
         !std::ranges::all_of(scenario.thresholds, is_plain);
}

scenarios::Situation situation_of(const RunRecord& record, const ThresholdInputs& inputs) {
  const auto& adaptive = record.scenario.adaptive;
  const std::string said =
      "said by " + std::filesystem::path(record.scenario_file).filename().string();
  scenarios::Situation situation;
  situation.hardware =
      adaptive.hardware ? scenarios::HardwareProfile{*adaptive.hardware, said} : profile_of(record);
  if (inputs.hardware) situation.hardware = *inputs.hardware;
  find_model_size(record, situation);
  if (inputs.model_size) {
    situation.model = *inputs.model_size;
    situation.model_reason = "as asked";
  } else if (adaptive.model_size) {
    situation.model = *adaptive.model_size;
    situation.model_reason = said;
  }
  if (inputs.environment) {
    situation.environment = *inputs.environment;
    situation.environment_source = inputs.environment_source;
  } else if (adaptive.environment) {
    situation.environment = *adaptive.environment;
    situation.environment_source = said;
  }
  return situation;
}

ThresholdResolution resolve_table(const Scenario& scenario, const std::string& scenario_file,
                                  const scenarios::Situation& situation, bool gpu_works,
                                  const ThresholdInputs& inputs) {
  scenarios::ThresholdTable table = scenarios::default_thresholds();
  if (inputs.table) table.replace_by(*inputs.table);
  const LimitRules rules = scenario_rules(scenario, scenario_file);
  ThresholdResolution resolution;
  for (auto& each : scenarios::resolve_adaptive(table, situation, rules)) {
    const auto limit = scenarios::limit_name_of(each.threshold);
    const std::string reason = why_not(scenario, gpu_works, each.threshold.metric);
    if (reason.empty() || (limit && is_set_by(rules, *limit))) {
      resolution.thresholds.push_back(std::move(each));
    } else {
      resolution.notes.push_back(each.threshold.text + " is left out: " + reason);
    }
  }
  return resolution;
}

ResolvedThreshold resolve_threshold(const Threshold& threshold, const std::string& source,
                                    const RunRecord& record, const ThresholdInputs& inputs) {
  if (threshold.source == Threshold::Source::learned) {
    std::vector<double> figures;
    if (inputs.accepted_figures) figures = inputs.accepted_figures(query_of(threshold, record));
    return scenarios::resolve_learned(threshold, figures, source, "store");
  }
  ResolvedThreshold resolved = scenarios::as_written(threshold, source);
  fill_in_reference(resolved, inputs);
  return resolved;
}

ThresholdResolution resolve_thresholds(const RunRecord& record, const ThresholdInputs& inputs) {
  ThresholdResolution resolution;
  const Scenario& scenario = record.scenario;
  if (scenario.adaptive.wanted) {
    const scenarios::Situation situation = situation_of(record, inputs);
    const bool on_gpu = std::ranges::any_of(record.agents, works_on_gpu);
    resolution = resolve_table(scenario, record.scenario_file, situation, on_gpu, inputs);
    resolution.notes.insert(
        resolution.notes.begin(),
        {"hardware " + std::string(name_of(situation.hardware.hardware)) + " (" +
             situation.hardware.reason + ")",
         "model " + std::string(name_of(situation.model)) + " (" + situation.model_reason + ")",
         "environment " + std::string(name_of(situation.environment)) + " (" +
             situation.environment_source + ")"});
  }
  std::vector<bool> of_table(resolution.thresholds.size(), true);
  for (std::size_t i = 0; i < scenario.thresholds.size(); ++i)
    put(resolution.thresholds, of_table,
        resolve_threshold(scenario.thresholds[i], source_of(record, i), record, inputs));
  for (const LimitRule& rule : inputs.overrides) apply_variable(resolution.thresholds, rule);
  // Only now is it known over which baselines.
  for (ResolvedThreshold& each : resolution.thresholds) fill_in_reference(each, inputs);
  keep_to_limits(resolution);
  return resolution;
}

}  // namespace squall::coordinator
