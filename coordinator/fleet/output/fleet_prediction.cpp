#include "coordinator/fleet/output/fleet_prediction.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <variant>

#include "coordinator/run/metrics_timeline.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

constexpr const char* compared[] = {"tokens_per_second", "requests_per_second",
                                    "ttft_p50",          "ttft_p95",
                                    "tpot_p50",          "tpot_p95",
                                    "e2e_p50",           "e2e_p95"};

void add_durations(std::map<std::string, double>& figures, const std::string& name,
                   const FleetResult& result, const actors::Histogram& durations) {
  for (const double percentile : {50.0, 90.0, 95.0, 99.0}) {
    const auto found = estimate(result, durations, percentile);
    if (found.enough && !found.at_least)
      figures[name + "_p" + std::to_string(static_cast<int>(percentile))] = in_seconds(found.value);
  }
  if (durations.count() > 0) figures[name + "_mean"] = in_seconds(durations.mean());
}

bool reads_prompts(const scenarios::Scenario& scenario) {
  return std::ranges::any_of(scenario.categories, [](const scenarios::Category& category) {
    return std::holds_alternative<scenarios::PromptsFromFile>(category.prompts);
  });
}

}  // namespace

std::vector<std::string> assumptions_of(const scenarios::Scenario& scenario,
                                        const FleetOptions& options) {
  std::vector<std::string> all{
      "Each step of an engine takes exactly as long as its law says: machines do not differ, do "
      "not "
      "fail, and do nothing else.",
      "Routing, network and load generator take no time.", "Each answer has its planned length."};
  bool reuses = false, unlimited = false;
  for (const MachineKind& kind : options.machines) {
    reuses = reuses || kind.law.limits.reuse_prefixes;
    unlimited = unlimited || kind.law.limits.pages == 0;
  }
  if (unlimited) all.push_back("Memory for keys and values never runs out.");
  if (reuses)
    all.push_back(
        "What a machine computed of a shared prefix or a conversation stays known there.");
  if (options.assumed_prompt_tokens > 0 && reads_prompts(scenario))
    all.push_back("Each prompt from a file has " + plural(options.assumed_prompt_tokens, "token") +
                  ".");
  const auto* users = std::get_if<scenarios::ClosedUsers>(&scenario.load);
  if (users != nullptr && !users->conversations.system_prompt.empty())
    all.push_back("The system prompt has a token for every four bytes.");
  if (scenario.target.retries.attempts > 1 || scenario.target.breaker.failures > 0 ||
      scenario.target.cache.time_to_live > nanoseconds{0})
    all.push_back("There are no retries, no circuit breaker and no response cache.");
  return all;
}

std::map<std::string, double> predicted_figures(const FleetResult& result) {
  std::map<std::string, double> figures{{"tokens_per_second", result.tokens_per_second},
                                        {"requests_per_second", result.requests_per_second}};
  add_durations(figures, "ttft", result, result.ttft);
  add_durations(figures, "tpot", result, result.tpot);
  add_durations(figures, "e2e", result, result.e2e);
  add_durations(figures, "queue", result, result.queue);
  return figures;
}

std::vector<FigurePair> beside_measurement(const FleetPrediction& prediction) {
  std::vector<FigurePair> pairs;
  if (!prediction.measured) return pairs;
  const auto predicted = predicted_figures(prediction.result);
  for (const char* name : compared) {
    const auto ours = predicted.find(name);
    const auto theirs = prediction.measured->figures.find(name);
    if (ours == predicted.end() || theirs == prediction.measured->figures.end()) continue;
    if (theirs->second > 0) pairs.push_back({name, ours->second, theirs->second});
  }
  return pairs;
}

std::string figure_in_words(const std::string& name, double value) {
  if (name.ends_with("_per_second")) return readable_rate(value);
  return readable(std::chrono::round<nanoseconds>(std::chrono::duration<double>(value)));
}

std::string predicted_in_words(const FleetGoal& goal) {
  const std::string bound = goal.at_least ? ">= " : "";
  switch (scenarios::describe(goal.threshold.metric).kind) {
    case scenarios::MetricKind::duration:
      return bound + figure_in_words("", *goal.predicted);
    case scenarios::MetricKind::fraction:
      return bound + readable_share(*goal.predicted);
    default:
      return bound + readable_rate(*goal.predicted);
  }
}

std::string difference_in_words(double relative) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%+.1f %%", 100 * relative);
  return text.data();
}

}  // namespace squall::coordinator
