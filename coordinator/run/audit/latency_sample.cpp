#include "coordinator/run/audit/latency_sample.hpp"

#include <algorithm>

namespace squall::coordinator {

using scenarios::Metric;

bool counts_unanswered(Metric metric) {
  return metric != Metric::icl && metric != Metric::stamp_delay && metric != Metric::ttft_error &&
         metric != Metric::gap_error && metric != Metric::cache_hit &&
         metric != Metric::dispatch_delay;
}

actors::LatencySample latency_sample(const actors::PhaseMetrics& metrics, Metric metric,
                                     const scenarios::Scenario& scenario, bool cut_short) {
  actors::LatencySample sample;
  sample.completed = &metrics.durations.at(static_cast<std::size_t>(metric));
  if (!counts_unanswered(metric)) return sample;
  sample.censored = metrics.ledger.error + metrics.ledger.timeout;
  sample.censored_at_least = scenario.target.timeout;
  if (metrics.ledger.open_at_end > 0 && !cut_short) {
    sample.censored += metrics.ledger.open_at_end;
    sample.censored_at_least = std::min(scenario.target.timeout, scenario.phases.drain);
  }
  return sample;
}

}  // namespace squall::coordinator
