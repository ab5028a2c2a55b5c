#include "coordinator/live/live_status.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <variant>

#include "actors/metrics/percentile.hpp"
#include "coordinator/run/audit/latency_sample.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using actors::Phase;
using actors::PhaseMetrics;
using scenarios::Metric;

namespace {

constexpr nanoseconds longest_age = std::chrono::seconds(1);  // of the costly parts

LiveLatency live_latency(const PhaseMetrics& metrics, Metric metric,
                         const scenarios::Scenario& scenario) {
  const auto sample = latency_sample(metrics, metric, scenario);
  LiveLatency latency;
  latency.samples = sample.count();
  if (latency.samples == 0) return latency;
  const auto estimate = [&](double percentile, std::optional<nanoseconds>& value, bool& at_least) {
    const auto estimated = actors::estimate_percentile(sample, percentile);
    if (estimated.enough) value = estimated.value;
    at_least = estimated.at_least;
  };
  estimate(50, latency.p50, latency.p50_at_least);
  estimate(95, latency.p95, latency.p95_at_least);
  estimate(99, latency.p99, latency.p99_at_least);
  return latency;
}

std::vector<std::string> first_events(const RunRecord& record) {
  std::vector<std::string> lines;
  const auto events = record.timeline.events();
  for (const TimelineEvent& event : events) {
    if (lines.size() == LiveStatus::events_shown) {
      lines.push_back("more happened than is shown here; the report has more of it");
      break;
    }
    const std::string agent =
        event.agent < record.agents.size() ? record.agents[event.agent].hello.name : "";
    lines.push_back(readable_clock(event.at) + " agent " + agent + ": " + event.what);
  }
  return lines;
}

void add_latencies(LiveStatus& status, const RunRecord& record) {
  const PhaseMetrics& warm_up = record.timeline.total(Phase::warm_up);
  const PhaseMetrics& measured = record.timeline.total(Phase::measure);
  const auto ended = [](const actors::Ledger& of) { return of.ok + of.error + of.timeout; };
  status.latencies_of_warm_up = ended(measured.ledger) == 0 && ended(warm_up.ledger) > 0;
  const PhaseMetrics& shown = status.latencies_of_warm_up ? warm_up : measured;
  status.ttft = live_latency(shown, Metric::ttft, record.scenario);
  status.tpot = live_latency(shown, Metric::tpot, record.scenario);
  status.e2e = live_latency(shown, Metric::e2e, record.scenario);
  if (status.course.empty()) return;
  status.ttft.now = status.course.back().ttft;
  status.tpot.now = status.course.back().tpot;
  status.e2e.now = status.course.back().e2e;
}

void add_errors(LiveStatus& status, const RunRecord& record) {
  std::map<std::string, std::uint64_t> all;
  for (const Phase phase : {Phase::warm_up, Phase::measure})
    for (const auto& [what, count] : record.timeline.total(phase).errors) all[what] += count;
  for (auto& [what, count] : all) status.errors.push_back({what, count});
  std::ranges::stable_sort(status.errors, std::ranges::greater{}, &LiveError::count);
  while (status.errors.size() > LiveStatus::errors_shown) {
    status.other_errors += status.errors.back().count;
    status.errors.pop_back();
  }
}

/// What takes time to make.
void add_details(LiveStatus& status, const RunRecord& record, const LiveMoment& moment) {
  status.run = record.id;
  status.scenario = record.scenario.name;
  status.planned = record.scenario.phases.warm_up + record.scenario.phases.measure;
  status.warm_up = record.scenario.phases.warm_up;
  status.events = first_events(record);
  status.course = record.timeline.newest_complete_points(LiveStatus::seconds_shown);
  add_latencies(status, record);
  add_errors(status, record);
  // Until the load is ordered to begin, there is nothing that could be asked of anybody.
  if (record.agents.empty() || record.timeline.agents() < record.agents.size()) return;
  status.agents = live_agents(record, moment.states, LiveStatus::agents_shown);
  status.agents_left_out = record.agents.size() - status.agents.size();
  status.audit = audit_lights(record);
  status.thresholds = threshold_lights(record);
}

void add_load(LiveStatus& status, const RunRecord& record) {
  const bool running = status.stage == RunStage::warming_up || status.stage == RunStage::measuring;
  const auto now = [&](const scenarios::LoadShape& shape) -> std::optional<double> {
    if (!running) return std::nullopt;
    return shape.value_at(status.elapsed);
  };
  const auto& load = record.scenario.load;
  status.open_model = !std::holds_alternative<scenarios::ClosedUsers>(load);
  if (const auto* users = std::get_if<scenarios::ClosedUsers>(&load)) {
    status.planned_users = static_cast<std::uint64_t>(users->count.highest(status.planned));
    status.planned_now = now(users->count);
  } else if (const auto* arrivals = std::get_if<scenarios::OpenArrivals>(&load)) {
    status.planned_now = now(arrivals->rate);
  }
}

void add_gauges(LiveStatus& status, const RunRecord& record) {
  status.active_users = status.in_flight = 0;
  status.agents_paused = status.agents_lost = 0;
  const auto& latest = record.timeline.latest();
  for (std::size_t i = 0; i < record.agents.size(); ++i) {
    const bool lost = record.agents[i].lost.has_value();
    status.agents_lost += lost ? 1 : 0;
    if (lost || i >= latest.size()) continue;  // what a lost one said last is no more
    status.active_users += latest[i].active_users;
    status.in_flight += latest[i].in_flight;
    status.agents_paused += latest[i].paused > nanoseconds{0} ? 1 : 0;
  }
}

/// What a reader follows.
void refresh(LiveStatus& status, const RunRecord& record, const LiveMoment& moment) {
  status.stage = moment.stage;
  status.elapsed = moment.elapsed;
  status.agents_alive = moment.agents_alive;
  status.agents_wanted = moment.agents_wanted;
  status.synthetic_model = moment.synthetic_model;
  status.simulated_target = moment.simulated_target;
  status.insecure = moment.insecure;
  status.agents_suspect =
      static_cast<std::size_t>(std::ranges::count(moment.states, LiveAgentState::silent));
  status.warnings = moment.warnings;
  add_load(status, record);
  add_gauges(status, record);
  status.completed = status.failed = 0;
  for (const Phase phase : {Phase::warm_up, Phase::measure}) {
    const PhaseMetrics& counted = record.timeline.total(phase);
    status.totals[static_cast<std::size_t>(phase)] = {counted.ledger, counted.prompt_tokens,
                                                      counted.output_tokens, counted.retried,
                                                      counted.cached};
    status.completed += counted.ledger.ok;
    status.failed += counted.ledger.error + counted.ledger.timeout;
  }
  if (const auto point = record.timeline.newest_complete_point()) {
    status.tokens_per_second_now = point->tokens_per_second;
    status.answers_per_second_now = point->answers_per_second;
  }
  const MeasuredWindow& measured = record.timeline.measured();
  if (measured.length <= nanoseconds{0}) return;
  status.tokens_per_second_measured = measured.tokens_per_second();
  status.answers_per_second_measured = measured.requests_per_second();
}

}  // namespace

LiveStatus make_live_status(const RunRecord& record, const LiveMoment& moment) {
  LiveStatus status;
  add_details(status, record, moment);
  refresh(status, record, moment);
  return status;
}

LiveStatus LiveStatusSource::look(const RunRecord& record, const LiveMoment& moment,
                                  actors::Instant now) {
  if (!newest_ || now - made_at_ >= longest_age || newest_->stage != moment.stage) {
    newest_ = LiveStatus{};
    add_details(*newest_, record, moment);
    made_at_ = now;
  }
  refresh(*newest_, record, moment);
  return *newest_;
}

}  // namespace squall::coordinator
