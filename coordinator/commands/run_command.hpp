#pragma once
// `squall run` and `squall validate`: from a scenario file to an exit code.

#include <string>

#include "coordinator/commands/run_options.hpp"

namespace squall::coordinator {

/// The text of a scenario file. Throws UsageError.
std::string read_scenario(const std::string& path);

/// Prints progress on standard error and the summary on standard output. Returns the exit code
/// (docs/measurement.md, section 7). Throws UsageError, scenarios::ScenarioError,
/// actors::LinkError, actors::KeyError, LocalAgentError, ProcessError.
int run_command(const RunOptions& options);

/// Throws UsageError and scenarios::ScenarioError.
int validate_command(const std::string& scenario);

}  // namespace squall::coordinator
