#pragma once
// Gathers what thresholds are resolved from beside the scenario and its agents: environment
// variables, a file of the scenario, and what the store knows of earlier runs.

#include <string>

#include "coordinator/run/thresholds/threshold_resolution.hpp"

namespace squall::coordinator {

/// As on the command line; empty: not given.
struct ThresholdOptions {
  std::string environment;
  std::string store, state;  // where earlier runs are, as for RunStore
};

/// Environment and overrides of the command and the environment's variables. Throws UsageError for
/// names and values that are none.
ThresholdInputs inputs_of_environment(const std::string& environment_option);

/// And the scenario's own table, and figures of earlier runs. Past figures are read here and now,
/// so that nothing is read while the run goes on. Throws UsageError, scenarios::ScenarioError (of
/// the table), StoreError (only where a threshold needs the store).
ThresholdInputs threshold_inputs(const scenarios::Scenario& scenario,
                                 const std::string& scenario_file, const ThresholdOptions& options);

}  // namespace squall::coordinator
