#pragma once
// Many agents in one thread that drive no load but speak the whole protocol over real connections:
// greeting, being ready, heartbeats, batches, resending, the seal.

#include <chrono>
#include <cstdint>
#include <string>

namespace squall::benchmarks {

struct LightAgents {
  std::string endpoint;
  std::string pairs;            // a file: a line with public and secret key for each; empty: plain
  std::string coordinator_key;  // with `pairs`
  std::size_t first = 0, count = 1;  // which of all agents these are
  std::size_t all = 1;
  double reports_per_second = 10;
  std::chrono::seconds length{10};  // of the load
};

/// Runs them to the end. Prints "REPORTED batches requests resent unfinished" for whoever started
/// this.
int run_light_agents(const LightAgents& agents);

}  // namespace squall::benchmarks
