#include "coordinator/compare/run_comparison.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <limits>

#include "coordinator/compare/output/figure_words.hpp"
#include "coordinator/compare/rank_statistics.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

constexpr double significance = 0.05;
// Logarithms need a floor: below a nanosecond, or a token in thirty years, is nothing.
constexpr double smallest = 1e-9;

/// Ways from figures to "how much worse", where addition has a meaning, and back to changes.
struct Scale {
  FigureKind kind;

  double sign() const { return kind.more_is_better ? -1 : 1; }
  double coordinate(double figure) const {
    return sign() * (kind.by_difference() ? figure : std::log(std::max(figure, smallest)));
  }
  double change(double worse) const {
    const double signed_change = sign() * worse;
    return kind.by_difference() ? signed_change : std::expm1(signed_change);
  }
  /// A margin of 5 %: latencies 5 % more, rates 5 % less.
  double margin(double share) const {
    if (kind.by_difference()) return share;
    return kind.more_is_better ? -std::log1p(-share) : std::log1p(share);
  }
};

/// What is worked out of one figure before the gates are seen together.
struct Measured {
  FigureComparison comparison;
  std::optional<Shift> worse;  // none: too few runs
  double margin = 0;           // on the scale of `worse`
};

const double* value_in(const std::map<std::string, double>& figures, const std::string& name) {
  const auto found = figures.find(name);
  return found == figures.end() ? nullptr : &found->second;
}

/// "At least" so much, of a figure of which less is better: enough to show that it got worse.
const double* bound_of(const RunFigures& run, const std::string& figure) {
  return kind_of_figure(figure).more_is_better ? nullptr : value_in(run.at_least, figure);
}

void take_values(FigureComparison& comparison, const std::vector<RunFigures>& base,
                 const std::vector<RunFigures>& run, bool paired) {
  const auto of_base = [&](const RunFigures& each) {
    return value_in(each.figures, comparison.figure);
  };
  const auto of_run = [&](const RunFigures& each) {
    const double* const value = value_in(each.figures, comparison.figure);
    return value != nullptr ? value : bound_of(each, comparison.figure);
  };
  const auto take_run = [&](const RunFigures& each) {
    comparison.run.push_back(*of_run(each));
    if (value_in(each.figures, comparison.figure) == nullptr) ++comparison.bounds;
  };
  for (std::size_t i = 0; paired && i < base.size(); ++i) {
    if (of_base(base[i]) == nullptr || of_run(run[i]) == nullptr) continue;
    comparison.base.push_back(*of_base(base[i]));
    take_run(run[i]);
  }
  if (paired) return;
  for (const auto& each : base)
    if (of_base(each) != nullptr) comparison.base.push_back(*of_base(each));
  for (const auto& each : run)
    if (of_run(each) != nullptr) take_run(each);
}

Shift worse_by(const FigureComparison& comparison, const Scale& scale, bool paired) {
  std::vector<double> base;
  std::vector<double> run;
  for (const double figure : comparison.base) base.push_back(scale.coordinate(figure));
  for (const double figure : comparison.run) run.push_back(scale.coordinate(figure));
  if (!paired) return shift_between(base, run);
  for (std::size_t i = 0; i < run.size(); ++i) run[i] -= base[i];
  return shift_of_pairs(run);
}

/// A run that withholds a figure has one all the same, and perhaps the worst: others cannot stand
/// for it. On the new side a lower bound can.
const RunFigures* withholding(const std::string& figure, const std::vector<RunFigures>& base,
                              const std::vector<RunFigures>& run) {
  for (const auto& each : run)
    if (each.withheld.contains(figure) && bound_of(each, figure) == nullptr) return &each;
  for (const auto& each : base)
    if (each.withheld.contains(figure)) return &each;
  return nullptr;
}

/// Runs of the new side that are known only as "at least" may be as bad as can be.
void open_upwards(FigureComparison& comparison) {
  comparison.high = std::numeric_limits<double>::infinity();
  comparison.better = false;
  comparison.why = "in " + std::to_string(comparison.bounds) + " of " +
                   plural(comparison.run.size(), "run") +
                   " it is only known as \"at least\", since requests went unanswered";
}

Measured measure(const std::string& figure, const std::vector<RunFigures>& base,
                 const std::vector<RunFigures>& run, bool paired) {
  Measured result;
  FigureComparison& comparison = result.comparison;
  comparison.figure = figure;
  comparison.kind = kind_of_figure(figure);
  take_values(comparison, base, run, paired);
  if (!comparison.base.empty()) comparison.base_median = median_of(comparison.base);
  if (!comparison.run.empty()) comparison.run_median = median_of(comparison.run);
  if (!comparison.measured()) return result;
  const Scale scale{comparison.kind};
  const Shift worse = worse_by(comparison, scale, paired);
  comparison.change = scale.change(worse.estimate);
  comparison.low = std::min(scale.change(worse.low), scale.change(worse.high));
  comparison.high = std::max(scale.change(worse.low), scale.change(worse.high));
  comparison.confidence = worse.confidence;
  comparison.p = worse.p;
  comparison.better = worse.high < 0;
  if (comparison.bounds > 0) open_upwards(comparison);
  const std::size_t fewest = paired ? fewest_pairs : fewest_runs;
  if (std::min(comparison.base.size(), comparison.run.size()) >= fewest &&
      withholding(figure, base, run) == nullptr)
    result.worse = worse;
  return result;
}

void judge_too_few(FigureComparison& comparison, const std::vector<RunFigures>& base,
                   const std::vector<RunFigures>& run, bool paired) {
  comparison.judgement = Judgement::inconclusive;
  if (const RunFigures* each = withholding(comparison.figure, base, run)) {
    comparison.never_decided = true;
    comparison.why = "in run " + each->run + ": " + each->withheld.at(comparison.figure) +
                     ", or judge by others (--gate=-" + comparison.figure + ")";
    return;
  }
  const std::size_t fewest = paired ? fewest_pairs : fewest_runs;
  const std::size_t there = std::min(comparison.base.size(), comparison.run.size());
  if (std::min(base.size(), run.size()) < fewest) {
    comparison.more_runs = fewest - there;
    comparison.why = paired ? plural(there, "pair") + " of runs, " + std::to_string(fewest) +
                                  " are needed for a 95 % interval"
                            : readable_count(comparison.base.size()) + " and " +
                                  plural(comparison.run.size(), "run") + ", " +
                                  std::to_string(fewest) + " a side are needed";
    return;
  }
  comparison.never_decided = comparison.base.empty() || comparison.run.empty();
  comparison.why = "only " + readable_count(comparison.base.size()) + " and " +
                   plural(comparison.run.size(), "run") + " have it: judge by others (--gate=-" +
                   comparison.figure + ")";
}

/// Intervals shrink as the root of the number of runs. Rough, to plan by; 0 where it is hopeless.
std::size_t runs_until_decided(const Shift& worse, double margin, std::size_t runs) {
  const double half = (worse.high - worse.low) / 2;
  const double room = worse.estimate >= margin ? worse.estimate : margin - worse.estimate;
  if (!std::isfinite(half) || room <= 0) return 0;
  const double factor = std::pow(1.1 * half / room, 2);
  if (factor > 20) return 0;
  const double more = std::ceil(static_cast<double>(runs) * factor) - static_cast<double>(runs);
  return static_cast<std::size_t>(std::max(1.0, more));
}

void judge(Measured& measured) {
  FigureComparison& comparison = measured.comparison;
  const Shift& worse = *measured.worse;
  const bool open = comparison.bounds > 0;
  if (!open && worse.high < measured.margin) return;  // pass
  const bool large = worse.estimate >= measured.margin;
  const std::string beside = open ? "; " + comparison.why : "";
  if (large && worse.low > 0 && comparison.adjusted_p <= significance) {
    comparison.judgement = Judgement::regression;
    comparison.why = "worse by more than the margin, and not by chance" + beside;
    return;
  }
  comparison.judgement = Judgement::inconclusive;
  if (open && !large) {  // whatever further runs say, these may be worse
    comparison.never_decided = true;
    comparison.why += std::string("; ") + remedy_for_bounds + ", or judge by others (--gate=-" +
                      comparison.figure + ")";
    return;
  }
  comparison.more_runs = runs_until_decided(
      worse, measured.margin, std::min(comparison.base.size(), comparison.run.size()));
  if (!large)
    comparison.why = "may be worse by the margin: the interval reaches beyond it";
  else if (worse.low > 0)
    comparison.why = "looks worse, but among so many gated figures that may be chance" + beside;
  else
    comparison.why = "looks worse, but may be chance" + beside;
}

void adjust_together(std::vector<Measured>& gated) {
  std::vector<double> p;
  for (const auto& each : gated) p.push_back(each.worse ? each.comparison.p : 1);
  const auto adjusted = holm_adjusted(p);
  for (std::size_t i = 0; i < gated.size(); ++i) gated[i].comparison.adjusted_p = adjusted[i];
}

std::vector<FigureComparison> judged_figures(const std::vector<RunFigures>& base,
                                             const std::vector<RunFigures>& run,
                                             const ComparisonOptions& options) {
  std::vector<Measured> gated;
  for (const Gate& gate : options.gates) {
    Measured measured = measure(gate.figure, base, run, options.paired);
    if (gate.where_measured && measured.comparison.base.empty() &&
        measured.comparison.run.empty() && withholding(gate.figure, base, run) == nullptr)
      continue;
    measured.comparison.margin = gate.margin;
    measured.margin = Scale{measured.comparison.kind}.margin(gate.margin);
    gated.push_back(std::move(measured));
  }
  adjust_together(gated);
  std::vector<FigureComparison> figures;
  for (auto& each : gated) {
    if (each.worse)
      judge(each);
    else
      judge_too_few(each.comparison, base, run, options.paired);
    figures.push_back(std::move(each.comparison));
  }
  for (const auto& figure : options.also_shown) {
    const auto same = [&](const FigureComparison& each) { return each.figure == figure; };
    if (std::any_of(figures.begin(), figures.end(), same)) continue;
    auto shown = measure(figure, base, run, options.paired).comparison;
    if (shown.measured()) figures.push_back(std::move(shown));
  }
  return figures;
}

ComparedSide side_of(const std::string& name, const std::vector<RunFigures>& runs) {
  ComparedSide side{name, {}, {}};
  for (const auto& each : runs)
    if (!each.usable())
      side.left_out.push_back(each.run + ": " +
                              (each.outcome.empty() ? "not finished" : each.outcome));
  return side;
}

/// A figure that only some runs have is judged by those, and said so.
void tell_what_is_missing(const std::vector<FigureComparison>& figures, std::size_t runs,
                          std::vector<std::string>& notes) {
  for (const auto& each : figures) {
    const std::size_t there = each.base.size() + each.run.size();
    if (each.margin && there > 0 && there < runs)
      notes.push_back(std::to_string(runs - there) + " of " + std::to_string(runs) +
                      " runs do not have " + each.figure);
  }
}

void take_banners(const std::vector<RunFigures>& runs, std::vector<std::string>& banners) {
  for (const auto& run : runs)
    for (const auto& banner : run.banners)
      if (std::find(banners.begin(), banners.end(), banner) == banners.end())
        banners.push_back(banner);
}

void leave_out_unusable(std::vector<RunFigures>& base, std::vector<RunFigures>& run, bool paired) {
  const auto unusable = [](const RunFigures& each) { return !each.usable(); };
  if (!paired) {
    std::erase_if(base, unusable);
    std::erase_if(run, unusable);
    return;
  }
  for (std::size_t i = base.size(); i-- > 0;)
    if (unusable(base[i]) || unusable(run[i])) {
      base.erase(base.begin() + static_cast<std::ptrdiff_t>(i));
      run.erase(run.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

void keep_the_newest(std::vector<RunFigures>& runs, const std::string& side,
                     std::vector<std::string>& notes) {
  if (runs.size() <= most_ranked_values) return;
  notes.push_back("of the " + std::to_string(runs.size()) + " runs of " + side + " the last " +
                  std::to_string(most_ranked_values) + " count");
  runs.erase(runs.begin(),
             runs.begin() + static_cast<std::ptrdiff_t>(runs.size() - most_ranked_values));
}

Judgement together(const std::vector<FigureComparison>& figures) {
  Judgement judgement = Judgement::pass;
  for (const auto& each : figures) {
    if (!each.margin) continue;
    if (each.judgement == Judgement::regression) return Judgement::regression;
    if (each.judgement == Judgement::inconclusive) judgement = Judgement::inconclusive;
  }
  return judgement;
}

/// As many as the hungriest figure needs. A number would be a promise that all can be decided.
std::size_t more_runs_for_all(const std::vector<FigureComparison>& figures) {
  std::size_t more = 0;
  for (const auto& each : figures) {
    if (!each.margin || each.judgement != Judgement::inconclusive) continue;
    if (each.more_runs == 0) return 0;
    more = std::max(more, each.more_runs);
  }
  return more;
}

}  // namespace

const char* word(Judgement judgement) {
  switch (judgement) {
    case Judgement::pass:
      return "pass";
    case Judgement::regression:
      return "regression";
    case Judgement::inconclusive:
      return "inconclusive";
    case Judgement::incomparable:
      return "incomparable";
  }
  assert(false);
  return "";
}

int exit_code(Judgement judgement) {
  switch (judgement) {
    case Judgement::pass:
      return 0;
    case Judgement::regression:
      return 11;
    case Judgement::inconclusive:
      return 12;
    case Judgement::incomparable:
      return 14;
  }
  assert(false);
  return 1;
}

int exit_code(const RunComparison& comparison) {
  return comparison.ending ? comparison.ending->exit_code : exit_code(comparison.judgement);
}

void end_with(RunComparison& comparison, CourseEnding ending) {
  if (ending.early) {
    if (comparison.judgement == Judgement::pass) {
      comparison.judgement = Judgement::inconclusive;
      comparison.sentence = "nothing was worse by its margin, which is no pass";
    }
    comparison.sentence = ending.sentence + "; until then: " + comparison.sentence;
  } else {
    comparison.sentence += "; but " + ending.sentence;
  }
  comparison.ending = std::move(ending);
}

RunComparison compare_runs(std::vector<RunFigures> base, std::vector<RunFigures> run,
                           const ComparisonOptions& options) {
  assert(!options.paired || base.size() == run.size());
  RunComparison result;
  result.paired = options.paired;
  result.base = side_of(options.base_name, base);
  result.run = side_of(options.run_name, run);
  leave_out_unusable(base, run, options.paired);
  keep_the_newest(base, options.base_name, result.notes);
  keep_the_newest(run, options.run_name, result.notes);
  for (const auto& each : base) result.base.runs.push_back(each.run);
  for (const auto& each : run) result.run.runs.push_back(each.run);
  take_banners(base, result.banners);
  take_banners(run, result.banners);
  result.comparability = comparability(base, run, options.differing);
  if (!options.paired)
    result.notes.push_back(
        "unpaired: whatever else changed between the two sides counts as a change");
  if (!result.comparability.comparable()) {
    result.judgement = Judgement::incomparable;
  } else {
    result.figures = judged_figures(base, run, options);
    tell_what_is_missing(result.figures, base.size() + run.size(), result.notes);
    result.judgement = together(result.figures);
    result.more_runs = more_runs_for_all(result.figures);
  }
  result.sentence = sentence_of(result);
  result.base.details = std::move(base);
  result.run.details = std::move(run);
  return result;
}

}  // namespace squall::coordinator
