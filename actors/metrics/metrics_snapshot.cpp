#include "actors/metrics/metrics_snapshot.hpp"

namespace squall::actors {

void CategoryMetrics::merge(const CategoryMetrics& other) {
  ok += other.ok;
  failed += other.failed;
  output_tokens += other.output_tokens;
  ttft.merge(other.ttft);
  e2e.merge(other.e2e);
}

void PhaseMetrics::merge(const PhaseMetrics& other) {
  ledger += other.ledger;
  for (std::size_t i = 0; i < durations.size(); ++i) durations[i].merge(other.durations[i]);
  for (const auto& [reason, count] : other.errors) errors[reason] += count;
  prompt_tokens += other.prompt_tokens;
  output_tokens += other.output_tokens;
  late += other.late;
  attempts += other.attempts;
  retried += other.retried;
  cached += other.cached;
  tokens_disputed += other.tokens_disputed;
  accuracy_asked += other.accuracy_asked;
  accuracy_agreed += other.accuracy_agreed;
  if (categories.size() < other.categories.size()) categories.resize(other.categories.size());
  for (std::size_t i = 0; i < other.categories.size(); ++i)
    categories[i].merge(other.categories[i]);
}

}  // namespace squall::actors
