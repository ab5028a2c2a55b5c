#pragma once
// Whether two sets of runs may be compared at all: same question, same answers' source, same
// machine. What differs is listed, never ignored.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/compare/run_figures.hpp"

namespace squall::coordinator {

/// One thing that is not the same, with all values of each side.
struct RunDifference {
  std::string what;  // as --differing names it: "scenario", "hardware"
  std::string base, run;
};

struct Comparability {
  std::vector<RunDifference> differences;  // any: incomparable
  std::vector<RunDifference> accepted;     // the user said that they differ on purpose
  std::vector<std::string> warnings;       // what is not known, or may matter

  bool comparable() const { return differences.empty(); }
};

/// What --differing may name.
const std::vector<std::string_view>& comparable_things();

/// All of these, the same or not, with every value of each side.
std::vector<RunDifference> identities(const std::vector<RunFigures>& base,
                                      const std::vector<RunFigures>& run);

/// Every run of both sides must agree on everything but `on_purpose`.
Comparability comparability(const std::vector<RunFigures>& base, const std::vector<RunFigures>& run,
                            const std::set<std::string>& on_purpose = {});

}  // namespace squall::coordinator
