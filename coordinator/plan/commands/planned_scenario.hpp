#pragma once
// A scenario made ready for a capacity search: checked for what a search needs, with the settings
// that all of its runs share.

#include <string>
#include <vector>

#include "coordinator/plan/capacity_plan.hpp"
#include "coordinator/plan/commands/plan_options.hpp"

namespace squall::coordinator {

/// A new plan without probes. `text` is the scenario's file. Throws UsageError, ScenarioError.
CapacityPlan plan_for(const PlanOptions& options, const std::string& text);

/// The scenario with Poisson arrivals in place of its users: everything else as it stands. Throws
/// UsageError where that cannot be done.
std::string with_arrivals_for_users(const std::string& text, const std::string& file, double rate);

/// The settings of one probe, for `squall run --set`.
std::vector<std::string> probe_settings(const CapacityPlan& plan, double load, double measure);

}  // namespace squall::coordinator
