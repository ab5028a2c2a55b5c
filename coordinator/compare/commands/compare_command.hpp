#pragma once
// `squall compare`: two sets of runs, a judgement, an exit code.

#include <memory>
#include <string>
#include <vector>

#include "coordinator/compare/run_comparison.hpp"

namespace squall::coordinator {

/// What a comparison is judged by, and where it is written; also of `squall baseline check` and of
/// `squall run --against`.
struct JudgingOptions {
  std::vector<std::string> gates{};  // changes of the usual ones
  bool only_these = false;           // the usual ones are not there
  std::vector<std::string> shown{};
  std::vector<std::string> differing{};
  std::string markdown{}, junit{}, json{}, html{};  // files
};

struct CompareOptions {
  std::vector<std::string> names{};  // two: base and run
  std::vector<std::string> base{}, run{};
  bool paired = false;
  JudgingOptions judging{};
  std::string store{}, state{};
};

/// Throws UsageError, SelectionError, StoreError, ReportUnreadable, GateMistake.
int compare_command(const CompareOptions& options);

/// Throws UsageError for what --differing does not know, GateMistake.
ComparisonOptions comparison_options(const JudgingOptions& judging);

/// Where a comparison goes beside the terminal. Opened before minutes are spent.
class ComparisonFiles {
 public:
  /// Throws UsageError.
  explicit ComparisonFiles(const JudgingOptions& judging);
  ~ComparisonFiles();
  ComparisonFiles(const ComparisonFiles&) = delete;
  ComparisonFiles& operator=(const ComparisonFiles&) = delete;

  /// On standard output too. Returns the exit code; 1 when a file would not take it.
  int show(const RunComparison& comparison);

 private:
  struct Files;
  std::unique_ptr<Files> files_;
};

}  // namespace squall::coordinator
