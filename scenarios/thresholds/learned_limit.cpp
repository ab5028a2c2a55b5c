#include "scenarios/thresholds/learned_limit.hpp"

#include <algorithm>
#include <cmath>

#include "scenarios/schema/scenario_document.hpp"
#include "scenarios/thresholds/limit_value.hpp"

namespace squall::scenarios {

double median_of(std::vector<double> figures) {
  if (figures.empty()) return 0;
  std::sort(figures.begin(), figures.end());
  const std::size_t middle = figures.size() / 2;
  return figures.size() % 2 == 1 ? figures[middle] : figures[middle - 1] / 2 + figures[middle] / 2;
}

std::optional<LearnedLimit> learn(std::vector<double> figures) {
  std::erase_if(figures, [](double each) { return !std::isfinite(each); });
  if (figures.size() < runs_to_learn_from) return std::nullopt;
  LearnedLimit learned{median_of(figures), 0, figures.size()};
  for (double& each : figures) each = std::abs(each - learned.median);
  learned.deviation = median_of(std::move(figures));
  return learned;
}

ResolvedThreshold resolve_learned(const Threshold& threshold, const std::vector<double>& figures,
                                  const std::string& written_in, const std::string& source) {
  ResolvedThreshold resolved = as_written(threshold, written_in);
  const auto learned = learn(figures);
  if (!learned) {
    const auto known = static_cast<std::size_t>(std::count_if(
        figures.begin(), figures.end(), [](double each) { return std::isfinite(each); }));
    const std::size_t more = runs_to_learn_from - known;
    resolved.missing = "nothing is learned yet: " + std::to_string(known) +
                       " accepted runs of this scenario, model and machine are stored, and " +
                       std::to_string(runs_to_learn_from) + " are needed; " + std::to_string(more) +
                       (more == 1 ? " more run" : " more runs");
    return resolved;
  }
  resolved.steps.push_back(
      {"median of " + std::to_string(learned->runs) + " accepted runs", source, learned->median});
  const double distance = threshold.factor * learned->deviation;
  const double limit =
      threshold.is_upper() ? learned->median + distance : std::max(0.0, learned->median - distance);
  if (threshold.factor > 0)
    resolved.steps.push_back({std::string(threshold.is_upper() ? "+ " : "- ") +
                                  shown(threshold.factor) + " mad of " +
                                  written_limit(learned->deviation, threshold.metric),
                              source, limit});
  resolved.threshold.limit = limit;
  return resolved;
}

}  // namespace squall::scenarios
