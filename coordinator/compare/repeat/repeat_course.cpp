#include "coordinator/compare/repeat/repeat_course.hpp"

#include <algorithm>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

constexpr std::size_t most_invalid = 3;  // rounds in a row

/// Gated figures that no number of rounds can decide; empty: there are none.
std::string never_decided(const RunComparison& comparison) {
  std::string names;
  for (const auto& each : comparison.figures)
    if (each.margin && each.never_decided) names += (names.empty() ? "" : ", ") + each.figure;
  return names;
}

}  // namespace

std::string CourseTroubles::after_reports() const {
  std::string text;
  if (failed > 0) text = plural(failed, "run") + " ended with an error after reporting";
  if (crashed > 0)
    text += (text.empty() ? "" : ", ") + plural(crashed, "run") + " crashed after reporting";
  return text;
}

std::size_t RepeatCourse::rounds() const {
  return rules_.kind == RepeatRules::Kind::in_pairs ? std::min(base_.size(), run_.size())
                                                    : run_.size();
}

bool RepeatCourse::in_the_middle() const {
  return rules_.kind == RepeatRules::Kind::in_pairs && base_.size() != run_.size();
}

/// A B B A: what drifts meanwhile meets both sides alike.
RepeatSide RepeatCourse::side_of_next() const {
  if (rules_.kind != RepeatRules::Kind::in_pairs) return RepeatSide::run;
  if (in_the_middle()) return base_.size() < run_.size() ? RepeatSide::base : RepeatSide::run;
  return rounds() % 2 == 0 ? RepeatSide::base : RepeatSide::run;
}

bool RepeatCourse::hopeless() const {
  const std::size_t done = rounds();
  if (done < most_invalid) return false;
  for (std::size_t i = done - most_invalid; i < done; ++i) {
    const bool usable = run_[i].usable() && (base_.empty() || base_[i].usable());
    if (usable) return false;
  }
  return true;
}

bool RepeatCourse::decided() const {
  const auto found = comparison();
  if (found && found->judgement == Judgement::incomparable) return true;  // more will not help
  if (rounds() < rules_.at_least) return false;
  return !found || found->judgement != Judgement::inconclusive || !never_decided(*found).empty();
}

std::optional<RepeatSide> RepeatCourse::next(nanoseconds elapsed) const {
  if (in_the_middle()) return side_of_next();
  if (hopeless() || decided() || rounds() >= rules_.at_most) return std::nullopt;
  const int runs = rules_.kind == RepeatRules::Kind::in_pairs ? 2 : 1;
  const bool must = rounds() < rules_.at_least;
  if (!must && rules_.budget.count() > 0 && elapsed + runs * longest_ > rules_.budget)
    return std::nullopt;
  return side_of_next();
}

void RepeatCourse::ended(RunFigures run, nanoseconds length) {
  const bool base = side_of_next() == RepeatSide::base;
  (base ? base_ : run_).push_back(std::move(run));
  longest_ = std::max(longest_, length);
}

std::optional<RunComparison> RepeatCourse::comparison() const {
  if (rules_.kind == RepeatRules::Kind::alone || rounds() == 0) return std::nullopt;
  if (rules_.kind == RepeatRules::Kind::against)
    return compare_runs(rules_.known_base, run_, rules_.comparison);
  const auto whole = static_cast<std::ptrdiff_t>(rounds());
  return compare_runs({base_.begin(), base_.begin() + whole}, {run_.begin(), run_.begin() + whole},
                      rules_.comparison);
}

std::size_t RepeatCourse::failed_thresholds() const {
  return static_cast<std::size_t>(std::count_if(
      run_.begin(), run_.end(), [](const RunFigures& run) { return run.outcome == "fail"; }));
}

std::optional<CourseEnding> RepeatCourse::ending(const RunComparison& found,
                                                 const CourseTroubles& troubles) const {
  if (troubles.interrupted)
    return CourseEnding{130, "interrupted", "INTERRUPTED before all runs were made", true};
  if (troubles.broken != 0)
    return CourseEnding{troubles.broken, "broken",
                        "BROKEN OFF: a run ended without a report that can be read", true};
  if (hopeless() && found.judgement != Judgement::regression)
    return CourseEnding{13, "invalid",
                        "INVALID: the last three could not be used: the tool or this machine, not "
                        "the target, was the limit; the audit in `squall show last` says where",
                        true};
  if (found.judgement != Judgement::pass) return std::nullopt;
  if (const std::size_t missed = failed_thresholds(); missed > 0)
    return CourseEnding{10, "thresholds",
                        plural(missed, "run") + " of " + std::to_string(run_.size()) +
                            " missed a threshold of the scenario",
                        false};
  if (std::string what = troubles.after_reports(); !what.empty())
    return CourseEnding{1, "failed runs", std::move(what), false};
  return std::nullopt;
}

std::optional<RunComparison> RepeatCourse::outcome(const CourseTroubles& troubles) const {
  auto found = comparison();
  if (!found) return found;
  if (auto with = ending(*found, troubles)) end_with(*found, std::move(*with));
  return found;
}

std::size_t RepeatCourse::rounds_wanted() const {
  return std::clamp(rounds() + 1, rules_.at_least, std::max(rules_.at_least, rules_.at_most));
}

std::string RepeatCourse::why_ended() const {
  if (hopeless()) return "the last " + std::to_string(most_invalid) + " could not be used";
  if (decided()) {
    const auto found = comparison();
    const std::string names = found ? never_decided(*found) : "";
    return names.empty() ? "" : "no more of them would decide " + names;
  }
  if (rounds() >= rules_.at_most)
    return "no more than " + std::to_string(rules_.at_most) + " were allowed (--at-most)";
  return "the time was up (--budget)";
}

}  // namespace squall::coordinator
