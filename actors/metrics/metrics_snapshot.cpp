#include "actors/metrics/metrics_snapshot.hpp"

namespace squall::actors {

void PhaseMetrics::merge(const PhaseMetrics& other) {
  ledger += other.ledger;
  for (std::size_t i = 0; i < durations.size(); ++i) durations[i].merge(other.durations[i]);
  for (const auto& [reason, count] : other.errors) errors[reason] += count;
  prompt_tokens += other.prompt_tokens;
  output_tokens += other.output_tokens;
}

}  // namespace squall::actors
