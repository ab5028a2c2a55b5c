#pragma once
// The coordinator as in production, with a thousand agents that report over real connections: what
// each report costs it, whether its memory stays flat, and whether it still counts right.

#include <chrono>
#include <cstddef>
#include <string>

namespace squall::benchmarks {

struct FabricOptions {
  std::size_t agents = 1000;
  std::size_t processes = 4;
  double reports_per_second = 10;  // of each agent
  std::chrono::seconds length{60};
  bool keys = true;
  std::string folder;  // for the run's journal; empty: a temporary one
};

/// Prints figures. Returns whether all that was reported was counted, once.
bool bench_fabric(const FabricOptions& options);

}  // namespace squall::benchmarks
