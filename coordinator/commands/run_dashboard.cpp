#include "coordinator/commands/run_dashboard.hpp"

#include <cstdio>
#include <ctime>
#include <signal.h>

#include "coordinator/commands/own_addresses.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/thresholds/threshold.hpp"

namespace squall::coordinator {

namespace {

constexpr const char* chosen = "true";  // what the command line says where no address was given

nanoseconds linger_of(const RunOptions& options) {
  if (options.metrics_linger.empty()) return nanoseconds{0};
  if (!options.dashboard && !options.metrics)
    throw UsageError("--metrics-linger says how long --metrics or --dashboard stay; add one");
  try {
    const double seconds = scenarios::parse_duration(options.metrics_linger);
    if (seconds > 0)
      return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds));
  } catch (const scenarios::ThresholdError&) {
  }
  throw UsageError("--metrics-linger takes a duration such as 15s; got '" + options.metrics_linger +
                   "'");
}

/// As a browser elsewhere can ask for it.
std::string url_of(WebAddress address) {
  if (address.everywhere()) {
    const auto own = own_addresses();
    address.host = own.empty() ? "127.0.0.1" : own.front();
  }
  return "http://" + address.text();
}

void tell_where(const Dashboard& dashboard, bool page) {
  const std::string url = url_of(dashboard.address());
  const std::string query = dashboard.token().empty() ? "" : "?token=" + dashboard.token();
  if (page) std::fprintf(stderr, "dashboard: %s/%s\n", url.c_str(), query.c_str());
  std::fprintf(stderr, "metrics:   %s/metrics%s\n", url.c_str(), query.c_str());
}

bool is_address(const std::string& text) {
  try {
    web_address(text, "");
    return true;
  } catch (const WebError&) {
    return false;
  }
}

}  // namespace

bool tells_where(const std::string& line) {
  return line.starts_with("dashboard: ") || line.starts_with("metrics: ");
}

RunOptions with_scenario_settled(RunOptions options) {
  for (auto* address : {&options.dashboard, &options.metrics}) {
    if (!*address) continue;
    if (**address == chosen) address->emplace();
    if (options.scenario.empty() && options.resume.empty() && !is_address(**address))
      options.scenario = std::exchange(**address, std::string{});
  }
  return options;
}

RunDashboard::RunDashboard(const RunOptions& options) : linger_(linger_of(options)) {
  if (!options.dashboard && !options.metrics) return;
  if (options.dashboard && options.metrics)
    throw UsageError("--dashboard serves /metrics, too; give one of the two");
  const bool page = options.dashboard.has_value();
  try {
    DashboardPlan plan{.page = page};
    plan.address = page ? web_address(*options.dashboard, "--dashboard")
                        : web_address(*options.metrics, "--metrics");
    if (!plan.address.loopback()) plan.token = new_token();
    dashboard_ = std::make_unique<Dashboard>(std::move(plan));
  } catch (const WebError& error) {
    throw UsageError(error.what());
  }
  tell_where(*dashboard_, page);
}

std::function<void(const RunRecord&, const LiveStatus&, actors::Instant)> RunDashboard::watcher() {
  if (dashboard_ == nullptr) return {};
  return
      [dashboard = dashboard_.get()](const RunRecord& record, const LiveStatus& status,
                                     actors::Instant now) { dashboard->show(record, status, now); };
}

void RunDashboard::end(const RunRecord& record, const RunReport& report) {
  if (dashboard_ != nullptr) dashboard_->end(record, report);
}

void RunDashboard::end_without_report(const RunRecord& record, int exit_code) {
  if (dashboard_ == nullptr) return;
  const char* const otherwise = record.interrupted ? "interrupted" : "nothing was measured";
  dashboard_->end({"DID NOT BEGIN", record.broken.value_or(otherwise), exit_code});
}

void RunDashboard::linger() const {
  if (dashboard_ == nullptr || linger_ <= nanoseconds{0}) return;
  std::fprintf(stderr, "metrics stay for %s (Ctrl-C ends that)\n", readable(linger_).c_str());
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(linger_);
  const timespec patience{seconds.count(), (linger_ - seconds).count()};
  sigtimedwait(&signals, nullptr, &patience);
}

}  // namespace squall::coordinator
