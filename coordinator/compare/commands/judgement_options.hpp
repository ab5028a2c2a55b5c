#pragma once
// The part of the command line that judges runs: `squall compare`, `squall baseline`,
// `squall trend`, and the options of `squall run` that repeat and compare.

#include <memory>
#include <optional>
#include <string_view>

namespace CLI {
class App;
}

namespace squall::coordinator {

/// Holds what the options were given; must outlive the parsing.
class JudgementLine {
 public:
  explicit JudgementLine(CLI::App& app);
  ~JudgementLine();
  JudgementLine(const JudgementLine&) = delete;
  JudgementLine& operator=(const JudgementLine&) = delete;

  /// Does what was asked, when it was one of ours, and returns the exit code. Throws UsageError,
  /// SelectionError, StoreError, ReportUnreadable, GateMistake.
  std::optional<int> perform();

 private:
  struct Orders;
  std::unique_ptr<Orders> orders_;
};

}  // namespace squall::coordinator
