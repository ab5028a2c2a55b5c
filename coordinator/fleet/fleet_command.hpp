#pragma once
// `squall fleet`: simulates machines that are not here, from a law of step times and a scenario;
// runs nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace squall::coordinator {

/// As on the command line; empty: not given.
struct FleetOrders {
  std::string scenario;
  std::vector<std::string> settings;
  std::vector<std::string> laws;        // files, one a kind of machine
  std::vector<std::uint32_t> machines;  // as many; none: one of each
  bool enough = false;                  // find out how many machines are
  std::uint32_t most = 10'000;
  std::optional<double> users, rate;  // instead of the scenario's
  std::string routing = "least-loaded";
  std::uint64_t seed = 1;
  std::uint32_t prompt_tokens = 0;
  std::string measured;              // a run's JSON report
  std::string json, html, save_law;  // files
};

/// Adds the command; `orders` must outlive the app.
CLI::App* add_fleet(CLI::App& app, FleetOrders& orders);

/// Does what was asked and returns the exit code: 10 when no number of machines is enough. Throws
/// UsageError and scenarios::ScenarioError.
int fleet_command(const FleetOrders& orders);

}  // namespace squall::coordinator
