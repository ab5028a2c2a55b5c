#pragma once
// Real runs whose outcome is known beforehand: real agent processes ask a simulated target, through
// everything that any run goes through.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "coordinator/selftest/selftest_check.hpp"
#include "coordinator/selftest/selftest_figures.hpp"

namespace squall::coordinator {

struct KnownRun {
  std::string title;     // "a freeze of 6 s, open model"
  std::string scenario;  // TOML
  unsigned agents = 1;
  std::chrono::seconds length{0};  // about, without the time to start
  double noise_rate = 0;  // above 0: a bare thread wakes so often meanwhile, for comparison
  std::function<std::vector<SelftestCheck>(const SelftestFigures&)> judge;
};

/// `quick`: short ones only.
std::vector<KnownRun> known_runs(bool quick, std::uint64_t seed);

/// What every run must show, whatever its law: accounts that balance, and the word "simulated".
std::vector<SelftestCheck> checks_of_any_run(const SelftestFigures& figures, unsigned agents);

}  // namespace squall::coordinator
