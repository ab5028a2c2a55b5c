#pragma once
// What is compared of a run, read from its JSON report: a handful of figures, and everything that
// must be the same for two runs to be comparable.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/report/reading/report_figures.hpp"

namespace squall::coordinator {

struct RunFigures {
  std::string run, started_at, outcome, tool_version;
  // What must be the same (docs/comparison.md). Of several agents: all different values, in order.
  std::string scenario, scenario_hash, model, model_fingerprint, instruction_set, target_kind;
  std::string hardware_fingerprint;  // empty: no agent told
  std::string plan;                  // fingerprint of the load, data included; of all agents
  std::uint64_t seed = 0;
  std::uint64_t agents = 0;
  std::map<std::string, double> figures;        // as in ReportFigures
  std::map<std::string, std::string> withheld;  // likewise
  std::map<std::string, double> at_least;       // likewise
  // Not compared: what the reader must know first, and the course of ttft, tpot and e2e over the
  // percentiles (percentile_curve.hpp).
  std::vector<std::string> banners;
  std::map<std::string, std::vector<double>> curves;

  bool usable() const { return has_usable_figures(outcome); }
};

/// A figure of a run: its value, or the lower bound that is known in its place.
struct KnownFigure {
  std::optional<double> value{};
  bool at_least = false;
};
KnownFigure known_figure(const RunFigures& run, const std::string& figure);

/// Throws ReportUnreadable for anything but a report of this tool.
RunFigures figures_of_report(const std::string& json);

}  // namespace squall::coordinator
