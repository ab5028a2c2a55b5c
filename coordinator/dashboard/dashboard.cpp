#include "coordinator/dashboard/dashboard.hpp"

#include <charconv>
#include <limits>

#include "coordinator/dashboard/dashboard_page.hpp"
#include "coordinator/run/timeline/planned_load.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;

namespace {

constexpr nanoseconds between_pictures = 1s;
constexpr std::size_t all_seconds = std::numeric_limits<std::size_t>::max();
/// At the end, for viewers to take the last picture.
constexpr std::chrono::milliseconds last_patience{500};

/// An event as EventSource reads it (html.spec.whatwg.org, server-sent events): JSON has no line
/// break.
std::string event_of(const std::string& json) { return "data: " + json + "\n\n"; }

WebReply not_found(bool page) {
  return reply_of({404, page ? "there is / and /metrics here" : "there is /metrics here"});
}

void add_to(LiveCourse& course, const std::vector<TimelinePoint>& seconds,
            const scenarios::Scenario& scenario) {
  for (const TimelinePoint& each : seconds) {
    if (course.newest() && each.at <= *course.newest()) continue;
    const PlannedLoad planned = planned_load(scenario, each.at, each.at + 1s);
    course.add(each, planned.users ? planned.users : planned.arrivals);
  }
}

/// What the last figures look like: as those before, but of the whole run.
LiveStatus last_status(const RunRecord& record, const LiveStatus* before) {
  LiveMoment moment;
  moment.stage = RunStage::finished;
  moment.agents_wanted = record.agents.size();
  for (const AgentRecord& agent : record.agents) {
    moment.agents_alive += agent.lost ? 0 : 1;
    moment.states.push_back(agent.lost ? LiveAgentState::lost : LiveAgentState::done);
  }
  moment.insecure = record.insecure;
  moment.elapsed = record.scenario.phases.warm_up + record.scenario.phases.measure;
  if (before != nullptr) {
    moment.elapsed = before->elapsed;
    moment.synthetic_model = before->synthetic_model;
    moment.simulated_target = before->simulated_target;
    moment.warnings = before->warnings;
  }
  return make_live_status(record, moment);
}

}  // namespace

Dashboard::Dashboard(DashboardPlan plan)
    : plan_(std::move(plan)),
      access_(plan_.token),
      server_(std::make_unique<WebServer>(
          plan_.address, plan_.limits,
          [this](const HttpRequest& request) { return reply_to(request); })) {}

WebReply Dashboard::reply_to(const HttpRequest& request) {
  if (const auto refusal = access_.refusal(request)) return reply_of(*refusal);
  if (request.path == "/metrics") return metrics();
  if (!plan_.page) return not_found(false);
  if (request.path == "/") {
    const DashboardPage& page = dashboard_page();
    return {.type = "text/html; charset=utf-8",
            .body = page.html,
            .fields = {{"Content-Security-Policy", page.policy}}};
  }
  if (request.path == "/events") return stream();
  if (request.path == "/agents") return rows_of_agents(request);
  return not_found(true);
}

/// Written down here and when it is asked for: the run's own threads have better things to do.
WebReply Dashboard::metrics() const {
  std::shared_ptr<const LiveStatus> status;
  std::shared_ptr<const RunTotals> totals;
  std::optional<int> exit_code;
  {
    const std::lock_guard lock(mutex_);
    status = shown_.status;
    totals = shown_.totals;
    if (shown_.end) exit_code = shown_.end->exit_code;
  }
  WebReply reply{.type = exposition_type};
  if (status != nullptr && totals != nullptr) reply.body = exposition(*totals, *status, exit_code);
  return reply;
}

/// Whoever comes gets all that is known; what follows is broadcast.
WebReply Dashboard::stream() {
  WebReply reply{.type = "text/event-stream", .body = "retry: 3000\n\n", .stream = true};
  CourseNews course;
  {
    const std::lock_guard lock(mutex_);
    course = {shown_.course.generation(), shown_.course.points()};
    if (shown_.end) reply.stream = false;
  }
  reply.body += picture(course);
  return reply;
}

WebReply Dashboard::rows_of_agents(const HttpRequest& request) const {
  const std::string wanted = query_value(request.query, "from").value_or("0");
  std::size_t from = 0;
  const char* const last = wanted.data() + wanted.size();
  const auto [end, wrong] = std::from_chars(wanted.data(), last, from);
  if (wrong != std::errc{} || end != last)
    return reply_of({400, "from= takes the place of a row, counted from 0"});
  std::shared_ptr<const LiveStatus> status;
  {
    const std::lock_guard lock(mutex_);
    status = shown_.status;
  }
  if (status == nullptr) status = std::make_shared<LiveStatus>();
  return {.type = "application/json", .body = agents_json(*status, from)};
}

/// Empty: there is nothing to show yet.
std::string Dashboard::picture(const CourseNews& course) const {
  std::shared_ptr<const LiveStatus> status;
  std::optional<DashboardEnd> end;
  {
    const std::lock_guard lock(mutex_);
    status = shown_.status;
    end = shown_.end;
  }
  return status == nullptr ? "" : event_of(dashboard_json(*status, course, end));
}

void Dashboard::tell_viewers() {
  if (server_->streams() == 0) return;
  CourseNews news;
  {
    const std::lock_guard lock(mutex_);
    const LiveCourse& course = shown_.course;
    news.generation = course.generation();
    news.points =
        news.generation == told_generation_ ? course.points_from(told_until_) : course.points();
  }
  told_generation_ = news.generation;
  if (!news.points.empty()) told_until_ = news.points.back().at;
  server_->broadcast(picture(news));
}

void Dashboard::show(const RunRecord& record, const LiveStatus& status,
                     actors::Instant now) noexcept try {
  const bool due = !shown_at_ || now - *shown_at_ >= between_pictures;
  if (!due && shown_stage_ == status.stage) return;
  shown_at_ = now;
  shown_stage_ = status.stage;
  auto totals = std::make_shared<const RunTotals>(run_totals(record));
  auto copy = std::make_shared<const LiveStatus>(status);
  {
    const std::lock_guard lock(mutex_);
    // A run that goes on has a past that was never shown.
    const bool first = shown_.course.points().empty();
    add_to(shown_.course,
           first ? record.timeline.newest_complete_points(all_seconds) : status.course,
           record.scenario);
    shown_.status = std::move(copy);
    shown_.totals = std::move(totals);
  }
  server_->post([this] { tell_viewers(); });
} catch (const std::exception&) {
  // It could not be drawn; the run goes on, and the next picture may do better.
}

void Dashboard::end(const RunRecord& record, const RunReport& report) noexcept try {
  std::shared_ptr<const LiveStatus> before;
  {
    const std::lock_guard lock(mutex_);
    before = shown_.status;
  }
  const auto status = std::make_shared<const LiveStatus>(last_status(record, before.get()));
  auto totals = std::make_shared<const RunTotals>(run_totals(record));
  {
    const std::lock_guard lock(mutex_);
    // Once more from the start: what came late belongs to seconds that were shown already.
    shown_.course = LiveCourse(shown_.course.generation() + 1);
    add_to(shown_.course, report.timeline, record.scenario);
    shown_.status = status;
    shown_.totals = std::move(totals);
  }
  finish({name_of(report.verdict.outcome), report.verdict.sentence, report.verdict.exit_code});
} catch (const std::exception&) {
  // The report says all of it.
}

void Dashboard::end(const DashboardEnd& how) noexcept try {
  {
    const std::lock_guard lock(mutex_);
    LiveStatus status = shown_.status == nullptr ? LiveStatus{} : *shown_.status;
    status.stage = RunStage::finished;
    shown_.status = std::make_shared<const LiveStatus>(std::move(status));
  }
  finish(how);
} catch (const std::exception&) {
  // The program says it, too.
}

void Dashboard::finish(DashboardEnd end) {
  {
    const std::lock_guard lock(mutex_);
    shown_.end = std::move(end);
  }
  server_->post([this] { tell_viewers(); });
  server_->end_streams(last_patience);
}

}  // namespace squall::coordinator
