#pragma once
// `squall thresholds`: explains, checks and lists limits, and changes those of a run that goes on.

#include <string>

namespace CLI {
class App;
}

namespace squall::coordinator {

/// As on the command line; empty: not given.
struct ThresholdOrders {
  enum class Command { none, explain, check, list, set, unset };
  Command command = Command::none;

  std::string scenario, environment, model, hardware, report;  // explain
  std::string file;                                            // check
  std::string run = "last", threshold;                         // set, unset
  std::string state, store;
  bool json = false;
};

/// Adds the command; `orders` must outlive the app.
CLI::App* add_thresholds(CLI::App& app, ThresholdOrders& orders);

/// Does what was asked and returns the exit code. Throws UsageError, RunFolderError, StoreError,
/// scenarios::ScenarioError.
int thresholds_command(const ThresholdOrders& orders);

}  // namespace squall::coordinator
