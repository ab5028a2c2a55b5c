#pragma once
// `squall baseline`: named lists of accepted runs, that later runs are checked against.

#include <string>
#include <vector>

#include "coordinator/compare/commands/compare_command.hpp"

namespace squall::coordinator {

struct BaselineOptions {
  enum class Action { set, add, list, show, check, remove } action = Action::list;
  std::string name{};
  std::vector<std::string> runs{};
  bool accept_failed = false;  // runs that failed their thresholds
  bool print_json = false;     // of list and show
  JudgingOptions judging{};    // of check
  std::string store{}, state{};
};

/// Throws UsageError, SelectionError, StoreError, ReportUnreadable, GateMistake.
int baseline_command(const BaselineOptions& options);

}  // namespace squall::coordinator
