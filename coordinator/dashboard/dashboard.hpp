#pragma once
// The page of a running test, and its metrics for Prometheus, served while the run goes on. What is
// shown comes in as values; a thread of the server's own makes pictures of them and deals them out,
// so that viewers, however many and however slow, cost the run nothing but a copy a second. What
// fails here is not shown, and harms nothing else.

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "coordinator/dashboard/dashboard_json.hpp"
#include "coordinator/dashboard/exposition.hpp"
#include "coordinator/dashboard/server/web_server.hpp"
#include "coordinator/report/run_report.hpp"

namespace squall::coordinator {

struct DashboardPlan {
  WebAddress address{};
  bool page = true;     // else only /metrics
  std::string token{};  // who has it may see; empty: whoever is on this machine
  WebLimits limits{};
};

class Dashboard {
 public:
  /// Listens at once. Throws WebError.
  explicit Dashboard(DashboardPlan plan);

  const WebAddress& address() const { return server_->address(); }
  const std::string& token() const { return access_.token(); }

  /// The run at this moment; what comes more often than once a second is not looked at, unless the
  /// stage is new. From one thread at a time.
  void show(const RunRecord& record, const LiveStatus& status, actors::Instant now) noexcept;
  /// The run is over: its last figures, and the verdict. Viewers are told, and waited for a moment.
  void end(const RunRecord& record, const RunReport& report) noexcept;
  /// It ended without figures, and why.
  void end(const DashboardEnd& end) noexcept;

 private:
  struct Shown {
    std::shared_ptr<const LiveStatus> status;  // null: nothing yet
    LiveCourse course;
    std::shared_ptr<const RunTotals> totals;  // likewise
    std::optional<DashboardEnd> end;
  };

  WebReply reply_to(const HttpRequest& request);
  WebReply metrics() const;
  WebReply stream();
  WebReply rows_of_agents(const HttpRequest& request) const;
  std::string picture(const CourseNews& course) const;
  void tell_viewers();
  void finish(DashboardEnd end);

  DashboardPlan plan_;
  WebAccess access_;
  std::optional<actors::Instant> shown_at_;
  std::optional<RunStage> shown_stage_;
  mutable std::mutex mutex_;  // guards shown_
  Shown shown_;
  // What was told last, on the server's thread.
  double told_until_ = -1;
  std::uint32_t told_generation_ = 0;
  std::unique_ptr<WebServer> server_;  // last: its thread uses what stands above
};

}  // namespace squall::coordinator
