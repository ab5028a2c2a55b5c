#pragma once
// From what a scenario asks, what the agents say of their machines, and what came with the command,
// to the thresholds that a run is judged by. Plain; past figures come through functions.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

/// Which runs may be learned from: accepted ones of the same kind.
struct PastQuery {
  std::string figure;  // as RunFigures::figures names it: "ttft_p95"
  std::string scenario_hash, model_fingerprint, hardware_fingerprint;
};

/// What does not come from scenario and agents.
struct ThresholdInputs {
  std::optional<scenarios::Environment> environment;  // of the command or $SQUALL_ENVIRONMENT …
  std::string environment_source;                     // … and which of them
  std::optional<scenarios::ThresholdTable> table;     // of the scenario's [adaptive] file
  scenarios::LimitRules overrides;                    // of environment variables
  // Said by whoever asks, whatever scenario and agents say.
  std::optional<scenarios::HardwareProfile> hardware;
  std::optional<scenarios::ModelSize> model_size;
  std::function<std::vector<double>(const PastQuery&)> accepted_figures;
  /// Tokens per second of a baseline's runs.
  std::function<std::vector<double>(const std::string& name)> baseline_rates;
};

struct ThresholdResolution {
  std::vector<scenarios::ResolvedThreshold> thresholds;
  std::vector<std::string> notes;  // what was left out, and why
};

/// Whether the scenario's thresholds do not say everything themselves already.
bool needs_resolution(const scenarios::Scenario& scenario, const ThresholdInputs& inputs);

/// Once all agents are ready.
ThresholdResolution resolve_thresholds(const RunRecord& record, const ThresholdInputs& inputs);

/// One threshold, as `source` wrote it.
scenarios::ResolvedThreshold resolve_threshold(const scenarios::Threshold& threshold,
                                               const std::string& source, const RunRecord& record,
                                               const ThresholdInputs& inputs);

/// The limits of the table in a situation, without what this scenario cannot be judged by.
/// `gpu_works`: for any agent, so that a GPU's memory is worth a limit.
ThresholdResolution resolve_table(const scenarios::Scenario& scenario,
                                  const std::string& scenario_file,
                                  const scenarios::Situation& situation, bool gpu_works,
                                  const ThresholdInputs& inputs);

/// Which of `all` a line on `wanted`'s figure takes the place of; none: it is a further one. Of a
/// limit and a wider one that aborts, the one that has the same consequence.
std::optional<std::size_t> find_same_figure(const std::vector<scenarios::ResolvedThreshold>& all,
                                            const scenarios::Threshold& wanted);

/// As a journal has room for it, for messages.
std::string cut_text(const scenarios::Threshold& threshold);
/// Why a journal could not tell of it again; empty: it can.
std::string why_not_kept(const scenarios::ResolvedThreshold& resolved);
/// As many of its rules as a journal holds: the newest ones.
void keep_newest_steps(scenarios::ResolvedThreshold& resolved);

/// "ttft_p95", "tokens_per_second": as figures of a run are named.
std::string figure_name(const scenarios::Threshold& threshold);

/// Class of hardware, size of model and environment that the run's limits are for, by the weakest
/// agent.
scenarios::Situation situation_of(const RunRecord& record, const ThresholdInputs& inputs);

}  // namespace squall::coordinator
