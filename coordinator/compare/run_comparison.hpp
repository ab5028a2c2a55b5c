#pragma once
// Did it get worse? Two sets of runs, a three-valued judgement of each gated figure, and of all.
// The run is the unit of replication: one run a side says nothing (docs/comparison.md).

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/compare/comparability.hpp"
#include "coordinator/compare/gate.hpp"
#include "coordinator/compare/run_figures.hpp"

namespace squall::coordinator {

enum class Judgement { pass, regression, inconclusive, incomparable };

/// "pass", "regression", …
const char* word(Judgement judgement);
/// 0, 11, 12, 14.
int exit_code(Judgement judgement);

inline constexpr std::size_t fewest_runs = 5;   // a side
inline constexpr std::size_t fewest_pairs = 6;  // five allow no 95 % interval of a signed rank

struct ComparisonOptions {
  std::vector<Gate> gates = usual_gates();
  std::vector<std::string> also_shown{};  // figures that are shown and not judged
  std::set<std::string> differing{};      // what differs on purpose
  bool paired = false;                    // the i-th of one side ran beside the i-th of the other
  std::string base_name = "base", run_name = "run";
};

/// One figure. Changes are of the run against the base: 0.1 is ten percent more (of shares: ten
/// points more), whichever way is better; the interval has 95 %, its ends may be infinite.
struct FigureComparison {
  std::string figure;
  FigureKind kind;
  std::optional<double> margin;            // gated
  std::vector<double> base, run;           // of the runs that have it; equally long when paired
  double base_median = 0, run_median = 0;  // where there is any
  double change = 0, low = 0, high = 0;    // where both sides have some
  double confidence = 0, p = 1;            //
  double adjusted_p = 1;                   // Holm, over what is gated
  std::size_t bounds = 0;  // of `run`: lower bounds only, so it may be worse than all this says
  bool better = false;     // certainly
  Judgement judgement = Judgement::pass;  // of gated figures
  std::string why;                        // a sentence, where it is not pass
  std::size_t more_runs = 0;              // a side, roughly, until it could be decided; 0: unknown
  bool never_decided = false;             // by more runs of this kind

  bool measured() const { return !base.empty() && !run.empty(); }
};

struct ComparedSide {
  std::string name;
  std::vector<std::string> runs;      // ids of those that count
  std::vector<std::string> left_out;  // "20261121-…: invalid"
  std::vector<RunFigures> details{};  // of those that count, in their order
};

/// What a course of runs ended with, beside the judgement: it decides the exit code of the program,
/// and every output says so.
struct CourseEnding {
  int exit_code = 0;
  std::string word;      // "interrupted", "broken", "invalid", "thresholds", "failed runs"
  std::string sentence;  // without an end
  bool early = false;    // fewer runs than the procedure asks for: a pass is none
};

struct RunComparison {
  ComparedSide base, run;
  bool paired = false;
  std::vector<std::string> banners;  // what the reader must know of any run, such as simulated
  Comparability comparability;
  std::vector<std::string> notes;         // beside the warnings of comparability
  std::vector<FigureComparison> figures;  // gated ones first
  Judgement judgement = Judgement::inconclusive;
  std::string sentence;
  std::optional<CourseEnding> ending;
  std::size_t more_runs = 0;  // a side, roughly; 0 also when it is unknown of one figure
};

/// Of the ending where there is one, else of the judgement.
int exit_code(const RunComparison& comparison);

/// Takes the ending into judgement and sentence.
void end_with(RunComparison& comparison, CourseEnding ending);

/// Invalid and interrupted runs are left out, and said so; of pairs, both runs. Of more than
/// most_ranked_values a side the newest count.
RunComparison compare_runs(std::vector<RunFigures> base, std::vector<RunFigures> run,
                           const ComparisonOptions& options);

}  // namespace squall::coordinator
