#pragma once
// Judges the thresholds of a scenario by what was measured. Too little is never a pass.
// Rules: docs/measurement.md, section 4.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/run/run_record.hpp"
#include "scenarios/thresholds/threshold.hpp"

namespace squall::coordinator {

enum class ThresholdStatus { pass, fail, inconclusive };

struct ThresholdResult {
  scenarios::Threshold threshold;
  ThresholdStatus status = ThresholdStatus::inconclusive;
  /// In the unit of threshold.limit; none when there is no value that may be printed.
  std::optional<double> measured;
  bool at_least = false;  // measured is only a lower bound: requests went unanswered
  std::uint64_t samples = 0;
  std::uint64_t violations = 0;   // percentiles; accuracy: answers that differed
  std::uint64_t more_needed = 0;  // samples until it could pass, when inconclusive and known
  std::string explanation;        // "needs 312 more samples"
  std::vector<scenarios::ThresholdStep> steps;  // where the limit comes from, rule by rule
  std::string guess;                            // why missing it is no failure; empty: it is one
};

/// What a threshold is judged by: the measured phase and window, or a stretch of them.
struct ThresholdEvidence {
  const actors::PhaseMetrics* metrics = nullptr;
  MeasuredWindow window;
  bool cut_short = false;  // what was open at the end was given up by us
  bool stretch = false;    // a rate of it is judged though nothing ended in it: that is a stall
};

/// What the run is judged by: as resolved, else as the scenario has them.
std::vector<scenarios::ResolvedThreshold> thresholds_of(const RunRecord& record);

std::vector<ThresholdResult> judge_thresholds(const RunRecord& record);

/// One threshold by the figures of the measured phase and window.
ThresholdResult judge_threshold(const scenarios::Threshold& threshold, const RunRecord& record);
/// By the evidence alone: stretches, an abort and whether the limit is a guess are not looked at.
ThresholdResult judge_by_evidence(const scenarios::ResolvedThreshold& resolved,
                                  const RunRecord& record, const ThresholdEvidence& evidence);
ThresholdEvidence whole_run(const RunRecord& record);

/// "212 ms", ">= 3.1 s", "0.12 %"; empty when there is no value that may be printed.
std::string measured_in_words(const ThresholdResult& result);

/// "adaptive: base 2s, hardware cpu-low-end *3 (900ms)"; empty for a limit that says all itself.
std::string provenance_in_words(const ThresholdResult& result);

}  // namespace squall::coordinator
