// squall-bench-fabric: what many machines cost the coordinator.
//
//   squall-bench-fabric                         throughput and latency of the link
//   squall-bench-fabric --agents 1000           a whole run with so many light agents
//
// Agents are light: they speak the whole protocol over real connections from a few processes, but
// drive no load. On a shared machine compare ratios of one run, never two runs.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "actors/bridge/curve_keys.hpp"
#include "tests/benchmarks/fabric/fabric_benchmark.hpp"
#include "tests/benchmarks/fabric/light_agents.hpp"
#include "tests/benchmarks/fabric/link_benchmark.hpp"

int main(int argc, char** argv) {
  using namespace squall::benchmarks;
  CLI::App app{"Measures the link between machines, and the coordinator of a thousand agents."};
  FabricOptions fabric;
  LightAgents light;
  std::size_t agents = 0, light_agents = 0;
  int seconds = 0;
  bool plain_only = false, keys_only = false;
  app.add_option("--agents", agents, "a whole run with so many agents (default: only the link)");
  app.add_option("--processes", fabric.processes, "that the agents are in")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--reports", fabric.reports_per_second, "of each agent, a second")
      ->check(CLI::Range(0.1, 1000.0))
      ->capture_default_str();
  app.add_option("--seconds", seconds, "of load; for the link, of each figure (default: 60; 2)")
      ->check(CLI::Range(1, 3600));
  app.add_option("--folder", fabric.folder, "where the run's journal goes (default: temporary)");
  app.add_flag("--plain", plain_only, "a whole run only without keys");
  app.add_flag("--keys", keys_only, "a whole run only with keys");
  // How the program starts itself, as agents.
  app.add_option("--light-agents", light_agents)->group("");
  app.add_option("--first", light.first)->group("");
  app.add_option("--connect", light.endpoint)->group("");
  app.add_option("--pairs", light.pairs)->group("");
  app.add_option("--coordinator-key", light.coordinator_key)->group("");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    if (agents == 0) {
      bench_link(seconds == 0 ? 2 : seconds);
      return 0;
    }
    fabric.agents = agents;
    fabric.length = std::chrono::seconds(seconds == 0 ? 60 : seconds);
    if (light_agents > 0) {
      light.all = agents;
      light.count = light_agents;
      light.length = fabric.length;
      light.reports_per_second = fabric.reports_per_second;
      return run_light_agents(light);
    }
    bool exact = true;
    for (const bool keys : {false, true}) {
      if (keys ? plain_only : keys_only) continue;
      fabric.keys = keys;
      exact = bench_fabric(fabric) && exact;
    }
    return exact ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "squall-bench-fabric: %s\n", error.what());
    return 2;
  }
}
