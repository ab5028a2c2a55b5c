#pragma once
// One metric of one phase as a sample of latencies, in which requests that never got an answer are
// not forgotten: they count as "at least" the patience that was had with them.

#include "actors/metrics/metrics_snapshot.hpp"
#include "actors/metrics/percentile.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::coordinator {

/// Whether requests without an answer enter this metric's sample. Not for icl and stamp_delay,
/// whose samples are tokens and not requests, nor for cache_hit, which only answers have, nor for
/// dispatch_delay, which is over before anybody waits for an answer.
bool counts_unanswered(scenarios::Metric metric);

/// Failed and timed-out requests count as at least the timeout. What was still open when the drain
/// ended counts as at least the drain, unless the run was cut short: then it was we who gave up.
/// The sample refers to `metrics`, which must outlive it.
actors::LatencySample latency_sample(const actors::PhaseMetrics& metrics, scenarios::Metric metric,
                                     const scenarios::Scenario& scenario, bool cut_short = false);

}  // namespace squall::coordinator
