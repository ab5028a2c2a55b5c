#pragma once
// What --dashboard, --metrics and --metrics-linger of squall run ask for: whoever wants to may look
// on, and is told where.

#include <chrono>
#include <functional>
#include <memory>

#include "coordinator/commands/run_options.hpp"
#include "coordinator/dashboard/dashboard.hpp"

namespace squall::coordinator {

/// What follows --dashboard or --metrics on the command line may be an address or, when there is no
/// other, the scenario.
RunOptions with_scenario_settled(RunOptions options);

/// Whether a line of `squall run` on standard error says where its page or its metrics are.
bool tells_where(const std::string& line);

class RunDashboard {
 public:
  /// Serves from now on, if that is asked for, and says on standard error where. Throws UsageError.
  explicit RunDashboard(const RunOptions& options);

  /// To be called while the run goes on; empty: nobody wants to look.
  std::function<void(const RunRecord&, const LiveStatus&, actors::Instant)> watcher();
  void end(const RunRecord& record, const RunReport& report);
  /// The run did not begin.
  void end_without_report(const RunRecord& record, int exit_code);
  /// Goes on serving as long as that is asked for, or until SIGINT or SIGTERM, which have to be
  /// blocked.
  void linger() const;

 private:
  std::unique_ptr<Dashboard> dashboard_;  // null: not asked for
  nanoseconds linger_{0};
};

}  // namespace squall::coordinator
