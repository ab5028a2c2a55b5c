#pragma once
// `squall plan SCENARIO`: runs the probes of a capacity search one after the other, each as a
// `squall run` of its own, and tells what follows from them.

#include "coordinator/plan/commands/plan_options.hpp"

namespace squall::coordinator {

/// Tells its progress on standard error and the report on standard output. Returns the plan's exit
/// code: 0 found and confirmed, 10 no load is within the limits, 12 not precise or not confirmed,
/// 13 the tool was the limit, 130 interrupted, 1 a run gave no report. Throws UsageError,
/// ScenarioError, RunFolderError, StoreError, PlanUnreadable.
int plan_command(const PlanOptions& options);

}  // namespace squall::coordinator
