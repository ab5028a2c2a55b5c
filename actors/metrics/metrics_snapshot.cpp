#include "actors/metrics/metrics_snapshot.hpp"

namespace squall::actors {

void CategoryMetrics::merge(const CategoryMetrics& other) {
  ok += other.ok;
  failed += other.failed;
  output_tokens += other.output_tokens;
  ttft.merge(other.ttft);
  e2e.merge(other.e2e);
}

void CategoryMetrics::merge_without_buckets(const CategoryMetrics& other) {
  ok += other.ok;
  failed += other.failed;
  output_tokens += other.output_tokens;
  ttft.merge_without_buckets(other.ttft);
  e2e.merge_without_buckets(other.e2e);
}

void PhaseMetrics::add_counts(const PhaseMetrics& other) {
  ledger += other.ledger;
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
  good += other.good;
  if (categories.size() < other.categories.size()) categories.resize(other.categories.size());
}

void PhaseMetrics::merge(const PhaseMetrics& other) {
  add_counts(other);
  for (std::size_t i = 0; i < durations.size(); ++i) durations[i].merge(other.durations[i]);
  for (std::size_t i = 0; i < other.categories.size(); ++i)
    categories[i].merge(other.categories[i]);
}

void PhaseMetrics::merge_without_buckets(const PhaseMetrics& other) {
  add_counts(other);
  for (std::size_t i = 0; i < durations.size(); ++i)
    durations[i].merge_without_buckets(other.durations[i]);
  for (std::size_t i = 0; i < other.categories.size(); ++i)
    categories[i].merge_without_buckets(other.categories[i]);
}

}  // namespace squall::actors
