#include "coordinator/plan/capacity_findings.hpp"

#include <algorithm>
#include <cmath>

#include "coordinator/plan/plan_course.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

using Finding = CapacityEstimate::Finding;

/// The usable probe whose load is nearest, as a factor.
const LoadProbe* nearest_probe(const CapacityPlan& plan, double load) {
  const LoadProbe* best = nullptr;
  const auto distance = [&](const LoadProbe& probe) {
    return std::abs(std::log(probe.load / load));
  };
  for (const auto& probe : plan.probes) {
    if (!probe.usable()) continue;
    // Of equal loads the longest.
    const double gain = best == nullptr ? 1 : distance(*best) - distance(probe);
    if (gain > 1e-3 || (gain > -1e-3 && best != nullptr && probe.window > best->window))
      best = &probe;
  }
  return best;
}

std::optional<Confirmation> confirmation_of(const CapacityPlan& plan, double capacity) {
  const double load = soak_load(capacity, plan.rules.whole);
  for (auto probe = plan.probes.rbegin(); probe != plan.probes.rend(); ++probe)
    if (probe->role == ProbeRole::soak && std::abs(probe->load / load - 1) < 0.01)
      return Confirmation{probe->load, probe->judgement, probe->run, probe->why, probe->window};
  return std::nullopt;
}

double planning_load(const CapacityFindings& findings) {
  if (findings.confirmed()) return findings.confirmation->load;
  const CapacityEstimate& estimate = findings.estimate;
  switch (estimate.finding) {
    case Finding::unknown:
    case Finding::undecided:
    case Finding::none:
      return 0;
    case Finding::at_least:
    case Finding::tool_limit:
      return estimate.capacity;
    default:
      return std::min(estimate.low, estimate.capacity);
  }
}

void find_rates(CapacityFindings& findings, const CapacityPlan& plan) {
  if (findings.planning_load <= 0) return;
  const LoadProbe* const probe = nearest_probe(plan, findings.planning_load);
  if (probe == nullptr) return;
  const double factor = findings.planning_load / probe->load;
  if (probe->tokens_per_second) findings.tokens_per_second = *probe->tokens_per_second * factor;
  if (probe->requests_per_second)
    findings.requests_per_second = *probe->requests_per_second * factor;
}

/// The lowest load that was missed says what stood in the way; without any the highest.
std::optional<Bound> bound_of(const CapacityPlan& plan) {
  const LoadProbe* best = nullptr;
  for (const auto& probe : plan.probes) {
    if (!probe.usable() || probe.bottleneck_sentence.empty()) continue;
    if (best == nullptr) {
      best = &probe;
    } else if (probe.missed() != best->missed()) {
      if (probe.missed()) best = &probe;
    } else if (probe.missed() ? probe.load < best->load : probe.load > best->load) {
      best = &probe;
    }
  }
  if (best == nullptr) return std::nullopt;
  return Bound{best->bottleneck, best->bottleneck_sentence, best->run, best->load};
}

std::string why_no_law(const CapacityPlan& plan, const std::vector<LevelPoint>& points) {
  const std::size_t levels = levels_of(points);
  std::string why = "it takes at least " + std::to_string(fewest_levels) +
                    " different loads with answers, and there are " + std::to_string(levels);
  if (!plan.with_levels) why += "; without --no-levels more are run";
  return why;
}

}  // namespace

std::vector<LevelPoint> level_points(const CapacityPlan& plan) {
  std::vector<LevelPoint> points;
  for (const auto& probe : plan.probes) {
    if (!probe.usable() || !probe.requests_per_second) continue;
    const double users =
        plan.kind == LoadKind::users ? probe.load : probe.mean_in_flight.value_or(0);
    if (users > 0 && *probe.requests_per_second > 0)
      points.push_back({users, *probe.requests_per_second});
  }
  return points;
}

CapacityFindings find_capacity(const CapacityPlan& plan) {
  CapacityFindings findings;
  const CapacitySearch search = search_of(plan);
  findings.estimate = search.estimate();
  findings.why_search_ended = search.why_ended();
  findings.probed = search.probed();
  if (findings.estimate.capacity > 0)
    findings.confirmation = confirmation_of(plan, findings.estimate.capacity);
  findings.planning_load = planning_load(findings);
  find_rates(findings, plan);
  const auto points = level_points(plan);
  findings.law = fit_scaling_law(points, plan.seed);
  if (findings.law)
    findings.knee = knee_of(*findings.law);
  else
    findings.why_no_law = why_no_law(plan, points);
  findings.bound = bound_of(plan);
  return findings;
}

std::string readable_load(double load, LoadKind kind) {
  if (kind == LoadKind::users)
    return plural(static_cast<std::uint64_t>(std::llround(load)), "user");
  return readable_rate(load) + " requests/s";
}

namespace {

std::string interval_words(const CapacityEstimate& estimate, LoadKind kind) {
  if (kind == LoadKind::users)
    return readable_count(static_cast<std::uint64_t>(std::llround(estimate.low))) + " to " +
           readable_count(static_cast<std::uint64_t>(std::llround(estimate.high)));
  return readable_rate(estimate.low) + " to " + readable_rate(estimate.high);
}

std::string confirmation_words(const CapacityPlan& plan, const CapacityFindings& findings) {
  if (!findings.confirmation) return "; not confirmed by a soak";
  const Confirmation& soak = *findings.confirmation;
  const std::string at = readable_load(soak.load, plan.kind) + " for " +
                         readable(std::chrono::seconds(std::llround(soak.window)));
  switch (soak.judgement) {
    case ProbeJudgement::pass:
      return "; confirmed by a soak of " + at;
    case ProbeJudgement::fail:
      return "; a soak of " + at + " missed the limits: " + soak.why;
    case ProbeJudgement::undecided:
      return "; a soak of " + at + " could not decide it: " + soak.why;
    case ProbeJudgement::invalid:
      break;
  }
  return "; a soak of " + at + " could not be used: " + soak.why;
}

PlanVerdict of_known(const CapacityPlan& plan, const CapacityFindings& findings) {
  const CapacityEstimate& estimate = findings.estimate;
  const bool precise = estimate.finding == Finding::found;
  const bool good = precise && findings.confirmed();
  std::string sentence = readable_load(estimate.capacity, plan.kind) +
                         " within the limits (95 % interval " +
                         interval_words(estimate, plan.kind) + ")";
  if (!precise) sentence += ", which is less precise than asked: " + findings.why_search_ended;
  sentence += confirmation_words(plan, findings);
  return {good ? "FOUND" : precise ? "NOT CONFIRMED" : "IMPRECISE", sentence, good ? 0 : 12};
}

}  // namespace

PlanVerdict verdict_of(const CapacityPlan& plan, const CapacityFindings& findings) {
  const CapacityEstimate& estimate = findings.estimate;
  PlanVerdict verdict;
  switch (estimate.finding) {
    case Finding::unknown:
      verdict = {"UNKNOWN", "no probe could be used", plan.probes.empty() ? 12 : 13};
      if (!plan.probes.empty()) verdict.sentence += ": " + plan.probes.back().why;
      break;
    case Finding::undecided:
      verdict = {
          "UNDECIDED",
          "whether " + readable_load(estimate.high, plan.kind) +
              (estimate.high == 1 ? " is" : " are") + " within the limits could not be decided: " +
              nearest_probe(plan, estimate.high)->why + "; longer probes (--probe) tell more",
          12};
      break;
    case Finding::none:
      verdict = {"NONE",
                 "not even " + readable_load(estimate.high, plan.kind) + " is within the limits",
                 10};
      break;
    case Finding::at_least:
      verdict = {"AT LEAST",
                 readable_load(estimate.capacity, plan.kind) +
                     " within the limits, and nothing above was missed: " +
                     (findings.why_search_ended.empty() ? "the search was not finished"
                                                        : findings.why_search_ended) +
                     confirmation_words(plan, findings),
                 12};
      break;
    case Finding::tool_limit:
      verdict = {"AT LEAST",
                 readable_load(estimate.capacity, plan.kind) +
                     " within the limits; above, the tool and not the target was the limit (use "
                     "more agents, on machines of their own)" +
                     confirmation_words(plan, findings),
                 13};
      break;
    case Finding::imprecise:
    case Finding::found:
      verdict = of_known(plan, findings);
      break;
  }
  if (!plan.finished && verdict.exit_code == 0) verdict.exit_code = 12;
  if (!plan.finished) {
    verdict.word = "UNFINISHED";
    verdict.sentence += "; " + (plan.ending.empty() ? "the plan was not finished" : plan.ending);
  }
  return verdict;
}

}  // namespace squall::coordinator
