#pragma once
// What a plan's probes say: the capacity and whether a soak confirmed it, the scaling law, the knee
// and what bounds it. A pure function of the plan.

#include <optional>
#include <string>

#include "coordinator/plan/capacity_plan.hpp"
#include "coordinator/plan/law/scaling_law.hpp"

namespace squall::coordinator {

struct Confirmation {
  double load = 0;
  ProbeJudgement judgement = ProbeJudgement::undecided;
  std::string run, why;
  double window = 0;  // seconds
};

/// What the knee is attributed to: what the run nearest to it says.
struct Bound {
  std::string limit;     // "memory bandwidth"; empty: not known
  std::string sentence;  // with its evidence
  std::string run;
  double load = 0;
};

struct CapacityFindings {
  CapacityEstimate estimate;
  std::string why_search_ended;
  std::size_t probed = 0;
  std::optional<Confirmation> confirmation{};  // of the answer as it is; none: no soak was run
  /// What is planned with: the confirmed load, else the lower end of the interval or, where
  /// nothing was missed, the highest load that was met.
  double planning_load = 0;
  bool confirmed() const { return confirmation && confirmation->judgement == ProbeJudgement::pass; }

  // At the planning load, by the nearest probe and in proportion.
  std::optional<double> tokens_per_second{}, requests_per_second{};

  std::optional<ScalingLaw> law{};
  std::string why_no_law{};
  std::optional<double> knee{};  // in N of the law
  std::optional<Bound> bound{};
};

CapacityFindings find_capacity(const CapacityPlan& plan);

/// N and X of the law: users, or the mean of requests in flight; and answers per second.
std::vector<LevelPoint> level_points(const CapacityPlan& plan);

/// The verdict in a word, in a sentence, and as an exit code: 0 found and confirmed, 10 no load is
/// within the limits, 12 not precise enough or not confirmed, 13 the tool was the limit.
struct PlanVerdict {
  std::string word, sentence;
  int exit_code = 12;
};
PlanVerdict verdict_of(const CapacityPlan& plan, const CapacityFindings& findings);

/// "42 users", "12.3 requests/s".
std::string readable_load(double load, LoadKind kind);

}  // namespace squall::coordinator
