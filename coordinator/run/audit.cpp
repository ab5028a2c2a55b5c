#include "coordinator/run/audit.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <variant>

#include "coordinator/run/ledger_audit.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using actors::Histogram;
using actors::Ledger;
using actors::Phase;
using actors::PhaseMetrics;
using scenarios::Metric;

namespace {

constexpr nanoseconds zero{0};

const PhaseMetrics& measured_phase(const RunRecord& record) {
  return record.timeline.total(Phase::measure);
}

const Histogram& durations(const PhaseMetrics& metrics, Metric metric) {
  return metrics.durations.at(static_cast<std::size_t>(metric));
}

AuditStatus pass_if(bool good) { return good ? AuditStatus::passed : AuditStatus::failed; }

/// Of the requests that were measured, not an estimate of others: so no floor applies.
nanoseconds sample_percentile(const Histogram& histogram, double percentile) {
  const double rank = std::ceil(static_cast<double>(histogram.count()) * percentile / 100);
  return histogram.value_at_rank(
      std::clamp<std::uint64_t>(static_cast<std::uint64_t>(rank), 1, histogram.count()));
}

AuditLine dispatch_delay(const RunRecord& record) {
  AuditLine line{.name = "dispatch delay"};
  const auto& delays = durations(measured_phase(record), Metric::dispatch_delay);
  const auto& ttft = durations(measured_phase(record), Metric::ttft);
  if (delays.count() == 0 || ttft.count() == 0) {
    line.explanation = "no request was answered in the measured phase";
    return line;
  }
  const nanoseconds p99 = sample_percentile(delays, 99);
  const auto share_of_ttft = std::chrono::duration_cast<nanoseconds>(
      sample_percentile(ttft, 50) * audit_limits::dispatch_delay_share);
  const nanoseconds limit = std::max(audit_limits::dispatch_delay, share_of_ttft);
  line.status = pass_if(p99 <= limit);
  line.measured = "p99 " + readable(p99);
  line.limit = "at most " + readable(limit);
  if (line.status == AuditStatus::failed)
    line.explanation =
        "requests were sent later than intended; give the load generator more CPU, or offer less";
  return line;
}

AuditLine dropped_late(const RunRecord& record) {
  AuditLine line{.name = "dropped late", .limit = "at most 0.1 %"};
  const Ledger& ledger = measured_phase(record).ledger;
  if (ledger.scheduled == 0) {
    line.explanation = "no request came due in the measured phase";
    return line;
  }
  const double share =
      static_cast<double>(ledger.dropped_late) / static_cast<double>(ledger.scheduled);
  line.status = pass_if(share <= audit_limits::dropped_late_share);
  line.measured = readable_share(share);
  if (line.status == AuditStatus::failed)
    line.explanation = readable_count(ledger.dropped_late) + " of " +
                       plural(ledger.scheduled, "request") +
                       " were never sent because the agents came too late";
  return line;
}

AuditLine arrival_rate(const RunRecord& record) {
  AuditLine line{.name = "arrival rate", .limit = "within 1 %"};
  line.status = AuditStatus::not_applicable;
  if (!std::holds_alternative<scenarios::OpenArrivals>(record.scenario.load)) {
    line.explanation = "users of a closed model keep no schedule";
    return line;
  }
  if (cut_short(record)) {
    line.explanation = "the run was cut short";
    return line;
  }
  std::uint64_t planned = 0;
  for (const auto& agent : record.agents)
    planned += agent.ready ? agent.ready->planned_requests : 0;
  const std::uint64_t scheduled = record.timeline.total(Phase::warm_up).ledger.scheduled +
                                  measured_phase(record).ledger.scheduled;
  if (planned == 0) {
    line.status = AuditStatus::not_enough;
    line.explanation = "nothing was planned";
    return line;
  }
  const double error = static_cast<double>(scheduled) / static_cast<double>(planned) - 1;
  line.status = pass_if(std::abs(error) <= audit_limits::arrival_rate_error);
  line.measured =
      readable_count(scheduled) + " of " + readable_count(planned) + " planned arrivals came due";
  if (line.status == AuditStatus::failed)
    line.explanation = "the offered load is not the one that the scenario describes";
  return line;
}

/// Why Little's law cannot be asked of this run; empty when it can.
std::string no_steady_state(const RunRecord& record) {
  const MeasuredWindow& window = record.timeline.measured();
  const PhaseMetrics& metrics = measured_phase(record);
  const Ledger& ledger = metrics.ledger;
  if (cut_short(record)) return "the run was cut short";
  if (window.answers < audit_limits::littles_law_answers)
    return "needs " + readable_count(audit_limits::littles_law_answers) + " answers, has " +
           readable_count(window.answers);
  const Histogram& answers = durations(metrics, Metric::e2e_service);
  if (answers.count() == 0) return "no request of the measured phase was answered";
  const auto needed = audit_limits::littles_law_lengths * in_seconds(answers.mean());
  if (in_seconds(window.length) < needed)
    return "needs a window of 20 mean answers, " +
           readable(std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(needed)));
  const auto arrived = static_cast<double>(ledger.issued);
  const auto answered = static_cast<double>(window.answers);
  const auto allowed = audit_limits::steady_state_error * answered;
  if (std::abs(arrived - static_cast<double>(ledger.ok)) > allowed)
    return "not all requests were answered, so their time in flight is not known";
  if (std::abs(arrived - answered) > allowed)
    return "no steady state: " + readable_count(ledger.issued) + " sent, " +
           readable_count(window.answers) + " answered in the window";
  return {};
}

AuditLine littles_law(const RunRecord& record) {
  AuditLine line{.name = "Little's law", .limit = "within 5 %"};
  line.explanation = no_steady_state(record);
  if (!line.explanation.empty()) {
    line.status = AuditStatus::not_applicable;
    return line;
  }
  const MeasuredWindow& window = record.timeline.measured();
  const double in_flight = window.mean_in_flight();
  const double expected = window.requests_per_second() *
                          in_seconds(durations(measured_phase(record), Metric::e2e_service).mean());
  const double error = in_flight / expected - 1;
  line.status = pass_if(std::abs(error) <= audit_limits::littles_law_error);
  line.measured =
      readable_rate(in_flight) + " in flight, rate x time is " + readable_rate(expected);
  if (line.status == AuditStatus::failed)
    line.explanation = "counts and durations of this run contradict each other";
  return line;
}

/// The agent for which `value` is largest.
template <class Value>
std::size_t worst_agent(const RunRecord& record, Value value) {
  std::size_t worst = 0;
  for (std::size_t agent = 1; agent < record.agents.size(); ++agent)
    if (value(agent) > value(worst)) worst = agent;
  return worst;
}

bool has_window(const RunRecord& record) {
  return !record.agents.empty() && record.timeline.measured().length > zero;
}

AuditLine loop_lag(const RunRecord& record) {
  AuditLine line{.name = "agents' loop lag",
                 .limit = "at most " + readable(audit_limits::loop_lag)};
  if (!has_window(record)) {
    line.explanation = "nothing was measured";
    return line;
  }
  const auto lag = [&](std::size_t agent) {
    return record.timeline.window_of(agent).worst_loop_lag;
  };
  const std::size_t worst = worst_agent(record, lag);
  line.status = pass_if(lag(worst) <= audit_limits::loop_lag);
  line.measured = "worst " + readable(lag(worst)) + " (" + record.agents[worst].hello.name + ")";
  if (line.status == AuditStatus::failed)
    line.explanation = "the agent did not get the CPU when it needed it; its machine is overloaded";
  return line;
}

AuditLine generator_cpu(const RunRecord& record) {
  AuditLine line{.name = "generator's CPU", .limit = "at most 70 % of a core"};
  if (!has_window(record)) {
    line.explanation = "nothing was measured";
    return line;
  }
  const auto cores = [&](std::size_t agent) {
    return record.timeline.window_of(agent).generator_cores();
  };
  const std::size_t worst = worst_agent(record, cores);
  line.status = pass_if(cores(worst) <= audit_limits::generator_cores);
  line.measured =
      "most " + readable_share(cores(worst)) + " (" + record.agents[worst].hello.name + ")";
  if (line.status == AuditStatus::failed)
    line.explanation =
        "generating the load, the engine left out, was work enough to slow it; use "
        "more agents";
  return line;
}

AuditLine clock_error(const RunRecord& record) {
  AuditLine line{.name = "clock offset", .limit = "at most " + readable(audit_limits::clock_error)};
  if (record.agents.size() < 2) {
    line.status = AuditStatus::not_applicable;
    line.explanation = "one agent needs no common clock";
    return line;
  }
  nanoseconds worst = zero;
  for (const auto& agent : record.agents) {
    if (!agent.ready) continue;
    worst = std::max(worst, agent.ready->clock_error_bound);
    line.status = AuditStatus::passed;
  }
  if (line.status != AuditStatus::passed) {
    line.explanation = "no agent was ready";
    return line;
  }
  line.status = pass_if(worst <= audit_limits::clock_error);
  line.measured = "known to " + readable(worst);
  if (line.status == AuditStatus::failed)
    line.explanation =
        "the agents' timelines cannot be laid side by side; latencies are not "
        "affected";
  return line;
}

AuditLine start_spread(const RunRecord& record) {
  AuditLine line{.name = "common start", .limit = "within " + readable(audit_limits::start_spread)};
  std::vector<nanoseconds> errors;
  for (const auto& agent : record.agents)
    if (agent.started) errors.push_back(agent.started->start_error);
  if (record.agents.size() < 2) {
    line.status = AuditStatus::not_applicable;
    line.explanation = "one agent starts when it starts";
    return line;
  }
  if (errors.size() < 2) {
    line.explanation = "fewer than two agents said when they started";
    return line;
  }
  const auto [first, last] = std::minmax_element(errors.begin(), errors.end());
  line.status = pass_if(*last - *first <= audit_limits::start_spread);
  line.measured = "spread " + readable(*last - *first);
  if (line.status == AuditStatus::failed)
    line.explanation =
        "the agents did not begin together, so the load rose in another shape than "
        "planned";
  return line;
}

AuditLine agents_present(const RunRecord& record) {
  AuditLine line{.name = "agents"};
  std::size_t present = 0;
  for (const auto& agent : record.agents) {
    if (!agent.lost && agent.sealed) {
      ++present;
      continue;
    }
    if (!line.explanation.empty()) line.explanation += "; ";
    line.explanation += agent.hello.name + ": " + agent.lost.value_or("never sealed its figures");
  }
  line.measured = readable_count(present) + " of " + plural(record.agents.size(), "agent") +
                  " stayed to the end";
  line.status = pass_if(!record.agents.empty() && present == record.agents.size());
  return line;
}

}  // namespace

std::vector<AuditLine> audit(const RunRecord& record) {
  std::vector<AuditLine> lines = ledger_audit(record);
  lines.push_back(agents_present(record));
  lines.push_back(dispatch_delay(record));
  lines.push_back(dropped_late(record));
  lines.push_back(arrival_rate(record));
  lines.push_back(littles_law(record));
  lines.push_back(loop_lag(record));
  lines.push_back(generator_cpu(record));
  lines.push_back(clock_error(record));
  lines.push_back(start_spread(record));
  return lines;
}

}  // namespace squall::coordinator
