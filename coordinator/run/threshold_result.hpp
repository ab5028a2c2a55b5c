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
};

std::vector<ThresholdResult> judge_thresholds(const RunRecord& record);

/// One threshold by the figures of the measured phase and window.
ThresholdResult judge_threshold(const scenarios::Threshold& threshold, const RunRecord& record);

}  // namespace squall::coordinator
