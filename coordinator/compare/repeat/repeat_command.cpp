#include "coordinator/compare/repeat/repeat_command.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

#include "coordinator/commands/run_dashboard.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/compare/output/comparison_text.hpp"
#include "coordinator/compare/repeat/repeat_course.hpp"
#include "coordinator/compare/run_selection.hpp"
#include "coordinator/live/terminal.hpp"
#include "coordinator/processes/child_run.hpp"
#include "coordinator/processes/interruption.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "scenarios/schema/scenario_setting.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t usual_most = 20;
constexpr auto longest_run = std::chrono::hours(24 * 30);  // the scenario is the limit

/// What each side is run with.
struct SideToRun {
  std::string name;
  std::vector<std::string> arguments;
};

void check_scenario(const std::string& file, const std::vector<std::string>& settings) {
  const std::string text =
      read_text_file(file, "cannot read scenario", "scenarios/ has ready-made ones");
  scenarios::parse_scenario(text, file);
  try {
    scenarios::parse_scenario(scenarios::with_settings(text, settings), file + " as changed");
  } catch (const scenarios::SettingError& error) {
    throw UsageError(error.what());
  }
}

SideToRun base_side(const RepeatOptions& options) {
  SideToRun side{options.scenario, {options.scenario}};
  side.arguments.insert(side.arguments.end(), options.passed_on.begin(), options.passed_on.end());
  check_scenario(options.scenario, options.settings);
  return side;
}

SideToRun other_side(const RepeatOptions& options) {
  const std::string& file = options.other.empty() ? options.scenario : options.other;
  SideToRun side{options.other, {file}};
  side.arguments.insert(side.arguments.end(), options.passed_on.begin(), options.passed_on.end());
  auto settings = options.settings;
  for (const auto& change : options.changes) {
    side.name += (side.name.empty() ? "" : " ") + change;
    side.arguments.push_back("--set=" + change);
    settings.push_back(change);
  }
  check_scenario(file, settings);
  return side;
}

void check_one_way_to_compare(const RepeatOptions& options) {
  if (options.scenario.empty()) throw UsageError("which scenario? squall run SCENARIO --repeat 5");
  const bool in_pairs = !options.other.empty() || !options.changes.empty();
  if (!options.against.empty() && in_pairs)
    throw UsageError(
        "--against compares with runs from before, --ab and --ab-set run both sides; "
        "give one of them");
  const bool compared = in_pairs || !options.against.empty();
  if (!compared && (options.at_most || !options.budget.empty()))
    throw UsageError("--at-most and --budget are for comparisons; add --against, --ab or --ab-set");
  if (!compared && !options.judging.json.empty())
    throw UsageError(
        "each run keeps its own report (squall show); with --repeat, --json is for "
        "comparisons: add --against, --ab or --ab-set");
}

nanoseconds budget_of(const std::string& text) {
  if (text.empty()) return 0ns;
  try {
    const double seconds = scenarios::parse_duration(text);
    if (seconds > 0)
      return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds));
  } catch (const scenarios::ThresholdError&) {
  }
  throw UsageError("--budget takes a duration such as 30m; got '" + text + "'");
}

RepeatRules rules_of(const RepeatOptions& options) {
  RepeatRules rules;
  rules.comparison = comparison_options(options.judging);
  const bool in_pairs = !options.other.empty() || !options.changes.empty();
  if (in_pairs) {
    rules.kind = RepeatRules::Kind::in_pairs;
    rules.comparison.paired = true;
    for (const char* thing : {"scenario", "seed", "plan", "target", "model", "instruction_set"})
      rules.comparison.differing.insert(thing);
  } else if (!options.against.empty()) {
    rules.kind = RepeatRules::Kind::against;
  }
  rules.at_least = options.repeat.value_or(in_pairs ? fewest_pairs : fewest_runs);
  rules.at_most = rules.at_least;
  if (rules.kind != RepeatRules::Kind::alone)
    rules.at_most = std::max(rules.at_least, options.at_most.value_or(usual_most));
  rules.budget = budget_of(options.budget);
  return rules;
}

/// What is going on: one line in place on a terminal, and one that stays for each run.
class RepeatProgress {
 public:
  RepeatProgress() : in_place_(isatty(STDERR_FILENO) == 1) {}
  ~RepeatProgress() { clear(); }
  RepeatProgress(const RepeatProgress&) = delete;
  RepeatProgress& operator=(const RepeatProgress&) = delete;

  void begin(std::string what) {
    what_ = std::move(what);
    begun_ = Clock::now();
  }
  void tick() {
    const auto now = Clock::now();
    if (!in_place_ || now - drawn_ < 200ms) return;
    drawn_ = now;
    std::fprintf(stderr, "\r\033[K%s, %s", what_.c_str(), readable_clock(now - begun_).c_str());
    std::fflush(stderr);
  }
  void tell(const std::string& line) {
    clear();
    std::fprintf(stderr, "%s\n", printable(line, 300).c_str());
  }
  void end(const std::string& outcome) {
    clear();
    std::fprintf(stderr, "%s: %s\n", what_.c_str(), outcome.c_str());
  }
  void clear() {
    if (in_place_) std::fputs("\r\033[K", stderr);
  }
  nanoseconds length() const { return Clock::now() - begun_; }

 private:
  bool in_place_;
  std::string what_;
  Clock::time_point begun_{}, drawn_{};
};

std::string in_short(const RunFigures& run) {
  std::string text = printable(run.run) + " " + run.outcome;
  for (const char* figure : {"tokens_per_second", "ttft_p50", "ttft_p99"}) {
    const auto found = run.figures.find(figure);
    if (found == run.figures.end()) continue;
    text += std::string(", ") + figure + " " +
            readable_figure(found->second, kind_of_figure(figure).unit);
  }
  return text;
}

class Repetition {
 public:
  explicit Repetition(const RepeatOptions& options)
      : files_(options.judging), rules_(rules_of(options)) {
    base_ = base_side(options);
    if (rules_.kind == RepeatRules::Kind::in_pairs) run_ = other_side(options);
    if (rules_.kind == RepeatRules::Kind::against) {
      RunSelection selection(store_file(options.store, options.state));
      rules_.known_base = selection.find({options.against});
      rules_.comparison.base_name = options.against;
      run_ = base_;
    }
    if (rules_.kind == RepeatRules::Kind::alone) run_ = base_;
    if (rules_.kind == RepeatRules::Kind::in_pairs) rules_.comparison.base_name = base_.name;
    rules_.comparison.run_name = run_.name;
    course_.emplace(rules_);
  }

  int perform() {
    begun_ = Clock::now();
    while (const auto side = course_->next(Clock::now() - begun_))
      if (!run(*side)) break;
    return tell();
  }

 private:
  /// False: it cannot go on.
  bool run(RepeatSide side) {
    const bool alone = rules_.kind == RepeatRules::Kind::alone;
    const SideToRun& which = side == RepeatSide::base ? base_ : run_;
    const char* round = rules_.kind == RepeatRules::Kind::in_pairs ? "pair " : "run ";
    progress_.begin(round + std::to_string(course_->rounds() + 1) + " of " +
                    (alone ? "" : "at least ") + std::to_string(course_->rounds_wanted()) + ", " +
                    printable(which.name, 60));
    // Whatever one run does: what those before it cost is told all the same.
    try {
      const auto go_on = [this] {
        progress_.tick();
        return !interruption_.heard();
      };
      return take(run_in_child(which.arguments, longest_run, go_on, [this](const auto& line) {
        if (tells_where(line)) progress_.tell(line);
      }));
    } catch (const ReportUnreadable& error) {
      return break_off(std::string("its report ") + error.what());
    } catch (const ChildRunError& error) {
      return break_off(error.what());
    }
  }

  bool take(const ChildRunResult& child) {
    if (interruption_.heard()) {
      progress_.end("interrupted");
      return false;
    }
    if (child.json.empty()) {
      break_off("it ended without a report");
      std::fputs(child.errors.c_str(), stderr);
      if (child.exit_code == 2) troubles_.broken = 2;
      return false;
    }
    RunFigures figures = figures_of_report(child.json);
    progress_.end(in_short(figures));
    // No verdict says so; beside one that is no pass the exit code says nothing of it either.
    if (child.exit_code == 1) ++troubles_.failed;
    if (child.exit_code == -1) ++troubles_.crashed;
    if (child.exit_code == 1 || child.exit_code == -1) std::fputs(child.errors.c_str(), stderr);
    course_->ended(std::move(figures), progress_.length());
    return true;
  }

  /// Always false.
  bool break_off(const std::string& why) {
    progress_.end(printable(why, 500));
    troubles_.broken = 1;
    return false;
  }

  int tell() {
    troubles_.interrupted = interruption_.heard();
    const auto comparison = course_->outcome(troubles_);
    if (!comparison) return tell_alone();
    const int code = files_.show(*comparison);
    if (comparison->ending) return code;
    if (comparison->judgement == Judgement::inconclusive)
      std::printf("It ended so because %s.\n", course_->why_ended().c_str());
    tell_missed_thresholds("");
    return code;
  }

  /// Without a comparison.
  int tell_alone() const {
    const int code = tell_spread();
    if (troubles_.interrupted) return 130;
    if (troubles_.broken != 0) return troubles_.broken;
    if (tell_missed_thresholds(code == 0 ? " (exit code 10)" : "") && code == 0) return 10;
    if (const std::string what = troubles_.after_reports(); code == 0 && !what.empty()) {
      std::printf("%s (exit code 1)\n", what.c_str());
      return 1;
    }
    return code;
  }

  bool tell_missed_thresholds(const char* end) const {
    const std::size_t missed = course_->failed_thresholds();
    if (missed > 0)
      std::printf("%s of %zu missed a threshold of the scenario%s\n", plural(missed, "run").c_str(),
                  course_->run().size(), end);
    return missed > 0;
  }

  /// Else there would be an empty table, and no reason.
  void tell_unusable() const {
    const auto& runs = course_->run();
    const auto count = static_cast<std::size_t>(std::count_if(
        runs.begin(), runs.end(), [](const RunFigures& run) { return !run.usable(); }));
    if (count == 0) return;
    std::printf("%zu of %s cannot be used and are not in it:\n", count,
                plural(runs.size(), "run").c_str());
    for (const RunFigures& run : runs)
      if (!run.usable())
        std::printf("  %s: %s; squall show %s says why\n", printable(run.run).c_str(),
                    printable(run.outcome).c_str(), printable(run.run).c_str());
  }

  /// Of runs that are compared with nothing: their spread. Returns the exit code.
  int tell_spread() const {
    const auto& runs = course_->run();
    if (runs.empty()) return 1;
    std::fputs(spread_text(runs).c_str(), stdout);
    tell_unusable();
    const auto any = [&](const char* outcome) {
      return std::any_of(runs.begin(), runs.end(),
                         [&](const RunFigures& run) { return run.outcome == outcome; });
    };
    if (any("interrupted")) return 130;
    if (any("invalid")) return 13;
    return any("inconclusive") && !any("fail") ? 12 : 0;  // 10 is told by the caller
  }

  ComparisonFiles files_;
  RepeatRules rules_;
  SideToRun base_, run_;
  std::optional<RepeatCourse> course_;
  Interruption interruption_;
  RepeatProgress progress_;
  Clock::time_point begun_{};
  CourseTroubles troubles_;
};

}  // namespace

int repeat_command(const RepeatOptions& options) {
  check_one_way_to_compare(options);
  return Repetition(options).perform();
}

}  // namespace squall::coordinator
