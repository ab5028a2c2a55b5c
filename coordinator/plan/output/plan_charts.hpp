#pragma once
// The curves of a capacity plan: throughput and latency against load, with the fitted law and its
// band, the limits, the knee and the answer.

#include <vector>

#include "coordinator/pages/chart.hpp"
#include "coordinator/plan/capacity_findings.hpp"

namespace squall::coordinator {

/// Those for which there is something to draw. `extrapolate`: the law also beyond 1.5 times the
/// largest load measured, marked there.
std::vector<Chart> plan_charts(const CapacityPlan& plan, const CapacityFindings& findings,
                               bool extrapolate);

}  // namespace squall::coordinator
