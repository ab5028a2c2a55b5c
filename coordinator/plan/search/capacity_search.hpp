#pragma once
// Which load is probed next, and when enough is known: a staircase until the capacity lies between
// a load that was met and one that was missed, then probabilistic bisection, to a precision.
// Decisions only: no process, no clock. The same probes always lead to the same next one, so a
// search that was interrupted goes on from its probes.

#include <optional>
#include <string>
#include <vector>

#include "coordinator/plan/search/capacity_belief.hpp"
#include "coordinator/plan/search/load_probe.hpp"

namespace squall::coordinator {

struct SearchRules {
  double start = 1;  // the first load
  double lowest = 1, highest = 1e6;
  bool whole = true;         // loads are whole numbers: users
  std::size_t at_most = 12;  // probes
  double precision = 0.03;   // half the width of the interval, as a share of the answer
};

struct CapacityEstimate {
  enum class Finding {
    unknown,     // no probe could be used
    undecided,   // the lowest load was neither met nor missed: the probes were too short
    none,        // not even the lowest load is within the limits
    at_least,    // the highest load that may be asked is still within them
    tool_limit,  // loads above could not be measured: the tool, not the target, was the limit
    imprecise,   // between `low` and `high`, but these lie further apart than was asked
    found
  } finding = Finding::unknown;
  double capacity = 0;       // the highest load within the limits
  double low = 0, high = 0;  // 95 % interval
  double steepness = 0;      // of the log odds of a violation over the logarithm of the load
};

class CapacitySearch {
 public:
  explicit CapacitySearch(SearchRules rules) : rules_(rules) {}

  /// The load to probe now; none: it is over.
  std::optional<double> next() const;
  /// How many times as long as usual next() is to be measured, 1 to longest_stretch: near the
  /// capacity so long that a few probes are as exact as was asked.
  double stretch() const;
  /// Any probe whose judgement says something of the capacity, soaks included; those of the role
  /// `search` count against `at_most`.
  void took(const LoadProbe& probe) { probes_.push_back(probe); }

  CapacityEstimate estimate() const;
  /// Why there is no next; empty: there is one.
  std::string why_ended() const;
  std::size_t probed() const;  // of the role `search`

 private:
  struct Bracket {
    std::optional<double> met, missed;  // the highest met, the lowest missed
    double lowest = 0, highest = 0;     // of all that were probed
  };
  struct Step {
    std::optional<double> load;
    std::string why_not;
  };
  Step step() const;
  Step climb(const Bracket& bracket) const;
  Step descend(const Bracket& bracket) const;
  Bracket bracket() const;
  std::optional<double> to_repeat() const;
  bool blocked(double load) const;
  bool has_no_figure(double load) const;  // one that was probed
  std::vector<LoadEvidence> evidence() const;
  CapacityBelief belief(const Bracket& bracket) const;
  bool precise(double low, double middle, double high) const;
  double rounded(double load) const;
  std::size_t comfortable(bool met) const;

  SearchRules rules_;
  std::vector<LoadProbe> probes_;
};

inline constexpr double longest_stretch = 4;

/// The load of the soak that confirms an answer: 95 % of it; of users a whole number, at least 1.
double soak_load(double capacity, bool whole);
inline constexpr double soak_share = 0.95;

}  // namespace squall::coordinator
