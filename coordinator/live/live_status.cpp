#include "coordinator/live/live_status.hpp"

#include <algorithm>
#include <variant>

#include "actors/metrics/percentile.hpp"
#include "coordinator/run/audit/latency_sample.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using actors::Phase;
using scenarios::Metric;

namespace {

LiveLatency live_latency(const actors::PhaseMetrics& metrics, Metric metric,
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

std::vector<std::string> first_events(const MetricsTimeline& timeline,
                                      const std::vector<std::string>& agents) {
  std::vector<std::string> lines;
  const auto events = timeline.events();
  for (const TimelineEvent& event : events) {
    if (lines.size() == LiveStatus::events_shown) {
      lines.push_back("more happened than is shown here; the report has more of it");
      break;
    }
    const std::string agent = event.agent < agents.size() ? agents[event.agent] : "";
    lines.push_back(readable_clock(event.at) + " agent " + agent + ": " + event.what);
  }
  return lines;
}

}  // namespace

LiveStatus make_live_status(const scenarios::Scenario& scenario, const MetricsTimeline& timeline,
                            const LiveMoment& moment) {
  LiveStatus status;
  status.scenario = scenario.name;
  status.stage = moment.stage;
  status.elapsed = moment.elapsed;
  status.planned = scenario.phases.warm_up + scenario.phases.measure;
  status.agents_alive = moment.agents_alive;
  status.agents_wanted = moment.agents_wanted;
  status.synthetic_model = moment.synthetic_model;
  status.simulated_target = moment.simulated_target;
  status.insecure = moment.insecure;
  status.agents_suspect = moment.agents_suspect;
  status.agents_lost = static_cast<std::size_t>(std::ranges::count(moment.lost, true));
  status.warnings = moment.warnings;
  status.events = first_events(timeline, moment.agent_names);
  if (const auto* users = std::get_if<scenarios::ClosedUsers>(&scenario.load))
    status.planned_users = static_cast<std::uint64_t>(
        users->count.highest(scenario.phases.warm_up + scenario.phases.measure));
  else
    status.open_model = true;

  for (std::size_t i = 0; i < timeline.latest().size(); ++i) {
    if (i < moment.lost.size() && moment.lost[i]) continue;  // what it said last is no more
    const AgentGauges& agent = timeline.latest()[i];
    status.active_users += agent.active_users;
    status.in_flight += agent.in_flight;
    status.agents_paused += agent.paused > nanoseconds{0} ? 1 : 0;
  }
  const auto& warm_up = timeline.total(Phase::warm_up);
  const auto& measured = timeline.total(Phase::measure);
  for (const auto* phase : {&warm_up, &measured}) {
    status.completed += phase->ledger.ok;
    status.failed += phase->ledger.error + phase->ledger.timeout;
  }
  if (const auto point = timeline.newest_complete_point())
    status.tokens_per_second_now = point->tokens_per_second;
  if (timeline.measured().length > nanoseconds{0})
    status.tokens_per_second_measured = timeline.measured().tokens_per_second();
  const auto ended = [](const actors::Ledger& of) { return of.ok + of.error + of.timeout; };
  status.latencies_of_warm_up = ended(measured.ledger) == 0 && ended(warm_up.ledger) > 0;
  const auto& shown = status.latencies_of_warm_up ? warm_up : measured;
  status.ttft = live_latency(shown, Metric::ttft, scenario);
  status.e2e = live_latency(shown, Metric::e2e, scenario);
  return status;
}

}  // namespace squall::coordinator
