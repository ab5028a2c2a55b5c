#pragma once
// Which limits of a scenario a capacity search goes by, and how far a run missed or met each of
// them, on the scale that the search works on. Pure arithmetic.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/plan/search/load_probe.hpp"
#include "scenarios/thresholds/threshold.hpp"

namespace squall::coordinator {

/// Whether more load makes it harder to keep: upper limits on durations, errors and memory, lower
/// limits on the share of good requests. A rate that must be reached says nothing of how much load
/// is too much.
bool limits_load(const scenarios::Threshold& threshold);

/// What a run's report tells of one threshold.
struct JudgedLimit {
  scenarios::Threshold threshold;
  std::string status;  // "pass", "fail", "inconclusive"
  std::uint64_t samples = 0, violations = 0;
  std::optional<double> measured{};
  double inflation = 1;  // of the variance of a share: dependent samples
};

/// None for limits on single values (means, maxima, memory): of those only the status is known.
std::optional<Excess> excess_of(const JudgedLimit& judged);

struct SloJudgement {
  ProbeJudgement judgement = ProbeJudgement::undecided;
  std::optional<Excess> excess{};
  std::size_t decisive = 0;  // the limit that decided it, or is nearest to being missed
};

/// Of all limits together: failed when one is, passed when all are. `limits` is not empty.
SloJudgement judge_limits(const std::vector<JudgedLimit>& limits);

}  // namespace squall::coordinator
