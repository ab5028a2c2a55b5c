#pragma once
// Which run comes next when a scenario is run several times, alone, against a baseline or two
// scenarios in turn, and when there are enough. Decisions only: no process, no clock.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/compare/run_comparison.hpp"

namespace squall::coordinator {

using std::chrono::nanoseconds;

enum class RepeatSide { base, run };

struct RepeatRules {
  enum class Kind { alone, against, in_pairs } kind = Kind::alone;
  std::size_t at_least = 5;  // runs of the side that is run; of pairs: pairs
  std::size_t at_most = 5;   // the same, when it is inconclusive; invalid ones count
  nanoseconds budget{0};     // no more begins when it could not end within; 0: no limit
  ComparisonOptions comparison{};
  std::vector<RunFigures> known_base{};  // of `against`
};

/// What happened to the runs that no report tells.
struct CourseTroubles {
  bool interrupted = false;
  int broken = 0;           // exit code; 0: no run broke it off
  std::size_t failed = 0;   // runs that reported, and then ended with exit code 1
  std::size_t crashed = 0;  // runs that reported, and then ended by a signal

  /// "1 run ended with an error after reporting, 2 runs crashed after reporting"; empty: none.
  std::string after_reports() const;
};

class RepeatCourse {
 public:
  explicit RepeatCourse(RepeatRules rules) : rules_(std::move(rules)) {}

  /// What to run now; none: it is over. `elapsed` since the first began.
  std::optional<RepeatSide> next(nanoseconds elapsed) const;
  /// The run that next() asked for has ended; it took `length`.
  void ended(RunFigures run, nanoseconds length);

  /// Of whole pairs; none where nothing is compared, or nothing was run yet.
  std::optional<RunComparison> comparison() const;

  /// The same with its ending, now that no more is run.
  std::optional<RunComparison> outcome(const CourseTroubles& troubles) const;
  /// Runs of the side that is run that missed a threshold of their scenario.
  std::size_t failed_thresholds() const;

  /// Whole pairs, or runs.
  std::size_t rounds() const;
  /// At least, or as many as it has become; for progress.
  std::size_t rounds_wanted() const;
  const std::vector<RunFigures>& base() const { return base_; }
  const std::vector<RunFigures>& run() const { return run_; }
  /// Nothing but invalid runs lately: more of them would not help.
  bool hopeless() const;
  /// Why it ended before it was decided; empty: it was decided. Also what no more could decide.
  std::string why_ended() const;

 private:
  RepeatSide side_of_next() const;
  bool in_the_middle() const;
  bool decided() const;
  std::optional<CourseEnding> ending(const RunComparison& found,
                                     const CourseTroubles& troubles) const;

  RepeatRules rules_;
  std::vector<RunFigures> base_, run_;
  nanoseconds longest_{0};  // of one run
};

}  // namespace squall::coordinator
