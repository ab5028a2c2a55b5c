#pragma once
// All that is told of one simulated fleet, whatever the format: what was assumed, what came out,
// and beside it what a real run measured.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/fleet/fleet_goal.hpp"
#include "coordinator/fleet/law_file.hpp"

namespace squall::coordinator {

/// A real run of the same load, by its report's figures.
struct MeasuredRun {
  std::string run;
  bool same_scenario = true;  // its text is that of the simulated one
  std::map<std::string, double> figures;
};

struct FleetPrediction {
  std::string scenario, load;  // name, and the load in words; not yet safe to print
  std::uint64_t load_seed = 1;
  FleetOptions options;
  std::vector<LawFile> laws;  // of the kinds of machines, in their order
  FleetResult result;
  std::vector<FleetGoal> goals;
  std::vector<std::string> assumptions;
  std::optional<MachinesNeeded> search;  // where the number of machines was asked for
  std::uint32_t most = 0;                // that it looked at
  std::optional<MeasuredRun> measured;
};

inline constexpr const char* simulated_banner =
    "SIMULATED: a prediction by a model of queue and batching, not a measurement";

/// What the simulation leaves out or takes for granted, in sentences.
std::vector<std::string> assumptions_of(const scenarios::Scenario& scenario,
                                        const FleetOptions& options);

/// Names as in a run's report: "tokens_per_second", "ttft_p95", "e2e_mean" …; seconds, per second,
/// 0..1. Percentiles of fewer samples than an interval takes are left out, as there.
std::map<std::string, double> predicted_figures(const FleetResult& result);

/// Predicted and measured beside each other.
struct FigurePair {
  std::string name;
  double predicted = 0, measured = 0;
  double error() const { return predicted / measured - 1; }
};
std::vector<FigurePair> beside_measurement(const FleetPrediction& prediction);

/// "12.3 ms" or "1,234", as the name has it.
std::string figure_in_words(const std::string& name, double value);
/// Of a goal that is told: ">= 12.3 ms".
std::string predicted_in_words(const FleetGoal& goal);
/// "+3.4 %", "-12 %".
std::string difference_in_words(double relative);

}  // namespace squall::coordinator
