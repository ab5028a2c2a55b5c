#include "coordinator/run/thresholds/run_ceiling.hpp"

#include <algorithm>
#include <map>

#include "coordinator/run/agents/agent_machines.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/thresholds/roofline.hpp"

namespace squall::coordinator {

namespace {

using scenarios::Distribution;

double mean_of(const Distribution& distribution) {
  // The middle of a hundred equal parts each: exact enough for a ceiling, and good for every law.
  double sum = 0;
  for (int i = 0; i < 100; ++i) sum += distribution.quantile((i + 0.5) / 100);
  return sum / 100;
}

/// Positions before a token, on average over an answer: the prompt and half of the answer. Prompts
/// from a file are measured by what agents counted.
double mean_context(const RunRecord& record) {
  const auto& metrics = record.timeline.total(actors::Phase::measure);
  const double answers = static_cast<double>(metrics.ledger.ok - metrics.cached);
  if (answers > 0)
    return (static_cast<double>(metrics.prompt_tokens) +
            static_cast<double>(metrics.output_tokens) / 2) /
           answers;
  double context = 0, weights = 0;
  for (const auto& category : record.scenario.categories) {
    const auto* made_up = std::get_if<scenarios::SyntheticPrompts>(&category.prompts);
    const double prompt = made_up ? mean_of(made_up->tokens) : 0;
    context += category.weight * (prompt + mean_of(category.answer_tokens) / 2);
    weights += category.weight;
  }
  return weights > 0 ? context / weights : 0;
}

scenarios::HardwareFacts shared_by(scenarios::HardwareFacts hardware, std::size_t agents) {
  const auto share = static_cast<double>(agents);
  for (auto& each : hardware.ceilings.bandwidth) each.bytes_per_second /= share;
  hardware.ceilings.int8_per_second /= share;
  hardware.ceilings.float_per_second /= share;
  for (auto& gpu : hardware.gpus) {
    gpu.copy_bytes_per_second /= share;
    gpu.matrix_per_second /= share;
  }
  return hardware;
}

}  // namespace

RunCeiling ceiling_of(const RunRecord& record, double in_flight) {
  RunCeiling ceiling;
  std::map<ComputingDevice, std::size_t> engines_of_device;
  for (const auto& agent : record.agents) ++engines_of_device[device_of(agent)];
  if (record.agents.empty()) ceiling.missing = "no agent said what its machine is";
  const double agents = static_cast<double>(std::max<std::size_t>(record.agents.size(), 1));
  ceiling.context = mean_context(record);
  ceiling.concurrency =
      std::clamp(in_flight / agents, 1.0, std::max(1.0, 1.0 * record.scenario.target.max_batch));
  for (const auto& agent : record.agents) {
    const std::size_t engines = engines_of_device[device_of(agent)];
    std::optional<scenarios::HardwareFacts> hardware;
    std::optional<scenarios::ModelFacts> model;
    scenarios::RooflineLoad load{ceiling.concurrency, ceiling.context, 0};
    if (agent.ready) {
      hardware = agent.ready->hardware;
      model = agent.ready->model_facts;
      // What all engines of the host reach with all of their threads is theirs to share. 0: all.
      load.threads = agent.ready->engine_threads * static_cast<unsigned>(engines);
    }
    ceiling.missing = scenarios::missing_for_roofline(hardware, model);
    if (!ceiling.missing.empty()) return ceiling;
    const auto roof = scenarios::roofline_of(shared_by(*hardware, engines), *model, load);
    if (&agent == &record.agents.front())
      ceiling.memory_bound = roof->memory_time >= roof->compute_time;
    ceiling.tokens_per_second += roof->tokens_per_second;
  }
  return ceiling;
}

std::string apply_ceiling(ThresholdResult& result, const RunRecord& record, double in_flight) {
  const RunCeiling ceiling = ceiling_of(record, in_flight);
  if (!ceiling.missing.empty()) return "the ceiling is not known: " + ceiling.missing;
  const std::string source = "measured by the agents before the run";
  result.steps.push_back({"ceiling at " + readable_rate(ceiling.concurrency) +
                              " requests in flight and " + readable_rate(ceiling.context) +
                              " positions, bound by " +
                              (ceiling.memory_bound ? "memory bandwidth" : "arithmetic"),
                          source, ceiling.tokens_per_second});
  result.threshold.limit = result.threshold.factor * ceiling.tokens_per_second;
  result.steps.push_back(
      {"of it " + readable_share(result.threshold.factor), source, result.threshold.limit});
  return {};
}

}  // namespace squall::coordinator
