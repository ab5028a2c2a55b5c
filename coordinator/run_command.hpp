#pragma once
// `squall run` and `squall validate`: from a scenario file to an exit code.

#include <cstddef>
#include <stdexcept>
#include <string>

namespace squall::coordinator {

struct RunOptions {
  std::string scenario;
  std::string listen = "tcp://127.0.0.1:*";
  std::size_t agents = 1;  // local ones, as child processes
  std::string json;        // write everything there as well; empty: nowhere
};

/// What the user has to mend before anything can run.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The text of a scenario file. Throws UsageError.
std::string read_scenario(const std::string& path);

/// Prints progress on standard error and the summary on standard output. Returns the exit code
/// (docs/measurement.md, section 7). Throws UsageError, scenarios::ScenarioError,
/// actors::LinkError, LocalAgentError.
int run_command(const RunOptions& options);

/// Throws UsageError and scenarios::ScenarioError.
int validate_command(const std::string& scenario);

}  // namespace squall::coordinator
