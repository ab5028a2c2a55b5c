#pragma once
// Runs made by hand, for tests of comparisons.

#include <string>
#include <vector>

#include "coordinator/compare/run_comparison.hpp"

namespace squall::coordinator {

inline RunFigures a_run(const std::string& id) {
  RunFigures run;
  run.run = id;
  run.started_at = "2026-11-21T06:00:00Z";
  run.outcome = "pass";
  run.tool_version = "0.1.0";
  run.scenario = "chat";
  run.scenario_hash = "501b10746b33d22e";
  run.model = "synthetic:llama-15m/q8_0";
  run.model_fingerprint = "ab12";
  run.instruction_set = "avx2";
  run.target_kind = "engine";
  run.hardware_fingerprint = "machine-1";
  run.plan = "77aa";
  run.seed = 7;
  run.agents = 1;
  run.figures = {{"tokens_per_second", 1000},
                 {"ttft_p50", 0.1},
                 {"ttft_p99", 0.3},
                 {"tpot_p50", 0.01},
                 {"error_rate", 0.0}};
  return run;
}

/// `figure` of the runs, one each; everything else is the same.
inline std::vector<RunFigures> runs_with(const std::string& figure,
                                         const std::vector<double>& values,
                                         const std::string& name) {
  std::vector<RunFigures> runs;
  for (const double value : values) {
    runs.push_back(a_run(name + std::to_string(runs.size() + 1)));
    runs.back().figures[figure] = value;
  }
  return runs;
}

inline const FigureComparison& figure_of(const RunComparison& comparison, const std::string& name) {
  for (const auto& each : comparison.figures)
    if (each.figure == name) return each;
  throw std::out_of_range("no figure " + name);
}

}  // namespace squall::coordinator
