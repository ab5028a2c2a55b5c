#pragma once
// What is compared of a run, read from its JSON report: a handful of figures, and everything that
// must be the same for two runs to be comparable.

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

namespace squall::coordinator {

struct RunFigures {
  std::string run, started_at, outcome;
  // What must be the same (docs/measurement.md, "Comparing runs").
  std::string scenario, scenario_hash, model, model_fingerprint, instruction_set, target_kind;
  std::string hardware_fingerprint;  // of all agents, in order of their names
  std::uint64_t seed = 0;
  std::uint64_t agents = 0;
  // "tokens_per_second", "ttft_p50", "ttft_p99", "e2e_p99", "error_rate", …; seconds, per second,
  // 0..1. What a run does not have is not in it.
  std::map<std::string, double> figures;
};

struct ReportUnreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws ReportUnreadable for anything but a report of this tool.
RunFigures figures_of_report(const std::string& json);

}  // namespace squall::coordinator
