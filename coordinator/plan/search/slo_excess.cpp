#include "coordinator/plan/search/slo_excess.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace squall::coordinator {

namespace {

using scenarios::Metric;
using scenarios::MetricKind;
using scenarios::Threshold;

double log_odds(double share) { return std::log(share / (1 - share)); }

/// The share of samples that may violate it; none where that is not what is limited.
std::optional<double> allowed_share(const Threshold& threshold) {
  double share = 0;
  if (threshold.statistic == Threshold::Statistic::percentile)
    share = 1 - threshold.percentile / 100;
  else if (threshold.metric == Metric::error_rate)
    share = threshold.limit;
  else if (threshold.metric == Metric::slo_attainment)
    share = 1 - threshold.limit;
  if (share <= 0 || share >= 1) return std::nullopt;
  return share;
}

double violations_of(const JudgedLimit& judged) {
  if (judged.threshold.metric == Metric::error_rate)
    return judged.measured.value_or(0) * static_cast<double>(judged.samples);
  return static_cast<double>(judged.violations);
}

/// Of two limits, that which says more of where the capacity is: one that was violated at times
/// rather than one that never was, for of that only an upper bound is known; else the larger.
bool is_nearer(const Excess& one, const Excess& other) {
  const bool one_bounds = one.beyond && one.value <= 0;
  const bool other_bounds = other.beyond && other.value <= 0;
  return one_bounds == other_bounds ? one.value > other.value : other_bounds;
}

int severity(const std::string& status) { return status == "fail" ? 2 : status == "pass" ? 0 : 1; }

}  // namespace

bool limits_load(const Threshold& threshold) {
  switch (threshold.metric) {
    case Metric::error_rate:
    case Metric::memory:
    case Metric::gpu_memory:
      return threshold.is_upper();
    case Metric::slo_attainment:
      return !threshold.is_upper();
    case Metric::load_time:
    case Metric::dispatch_delay:  // these are about the tool
    case Metric::stamp_delay:
    case Metric::ttft_error:
    case Metric::gap_error:
      return false;
    default:
      return scenarios::describe(threshold.metric).kind == MetricKind::duration &&
             threshold.is_upper();
  }
}

std::optional<Excess> excess_of(const JudgedLimit& judged) {
  const auto allowed = allowed_share(judged.threshold);
  if (!allowed || judged.samples == 0) return std::nullopt;
  const auto n = static_cast<double>(judged.samples);
  const double violated = std::clamp(violations_of(judged), 0.0, n);
  // Half a sample more on either side keeps odds finite (Haldane and Anscombe).
  const double yes = violated + 0.5, no = n - violated + 0.5;
  Excess excess;
  excess.value = std::log(yes / no) - log_odds(*allowed);
  excess.error = std::sqrt((1 / yes + 1 / no) * std::max(judged.inflation, 1.0));
  const bool none = violated<0.5, all = violated> n - 0.5;
  excess.beyond = none || all;
  // However few the samples were, none of them speaks against the load, or none for it.
  if (none && !all) excess.value = std::min(excess.value, 0.0);
  if (all && !none) excess.value = std::max(excess.value, 0.0);
  return excess;
}

SloJudgement judge_limits(const std::vector<JudgedLimit>& limits) {
  assert(!limits.empty());
  SloJudgement result;
  int worst = -1;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const int severe = severity(limits[i].status);
    const auto excess = excess_of(limits[i]);
    const bool nearer = excess && (!result.excess || is_nearer(*excess, *result.excess));
    if (severe > worst || (severe == worst && nearer)) result.decisive = i;
    worst = std::max(worst, severe);
    if (nearer) result.excess = excess;
  }
  result.judgement = worst == 2   ? ProbeJudgement::fail
                     : worst == 0 ? ProbeJudgement::pass
                                  : ProbeJudgement::undecided;
  // A limit without a distance failed while all others are met: their distances say nothing of it.
  if (worst == 2 && result.excess && result.excess->value < 0 &&
      !excess_of(limits[result.decisive]))
    result.excess.reset();
  return result;
}

}  // namespace squall::coordinator
