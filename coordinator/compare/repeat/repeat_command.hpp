#pragma once
// `squall run --repeat`: a scenario several times, each in a process of its own; against runs from
// before, or in turn with another scenario.

#include <optional>
#include <string>
#include <vector>

#include "coordinator/compare/commands/compare_command.hpp"

namespace squall::coordinator {

struct RepeatOptions {
  std::optional<std::size_t> repeat{};
  std::string against{};               // runs from before, as RunSelection finds them
  std::string other{};                 // --ab: a second scenario
  std::vector<std::string> changes{};  // --ab-set: or settings of the first, changed
  std::optional<std::size_t> at_most{};
  std::string budget{};  // "30m"
  JudgingOptions judging{};

  // As `squall run` was given them.
  std::string scenario{};
  std::vector<std::string> settings{};
  std::vector<std::string> passed_on{};  // all other options, for each run; settings included
  std::string store{}, state{};

  bool wanted() const { return repeat || !against.empty() || !other.empty() || !changes.empty(); }
};

/// Tells its progress on standard error and the outcome on standard output. Returns that of the
/// comparison; 10 when it passed and a run missed its thresholds, 1 when it passed and a run ended
/// with an error after its report, 13, 130, 1 or 2 (a run refused its orders) when it ended early.
/// Of repeated runs without comparison the worst. Throws UsageError and what compare_command() and
/// parse_scenario() throw.
int repeat_command(const RepeatOptions& options);

}  // namespace squall::coordinator
