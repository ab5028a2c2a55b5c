#include "coordinator/run/audit/schedule_audit.hpp"

#include <algorithm>
#include <cmath>
#include <variant>

#include "coordinator/run/audit/fabric_audit.hpp"
#include "coordinator/run/audit/request_account.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using actors::Histogram;
using actors::Ledger;
using actors::Phase;
using actors::PhaseMetrics;
using scenarios::Metric;

namespace {

const PhaseMetrics& measured_phase(const RunRecord& record) {
  return record.timeline.total(Phase::measure);
}

const Histogram& durations(const PhaseMetrics& metrics, Metric metric) {
  return metrics.durations.at(static_cast<std::size_t>(metric));
}

AuditStatus pass_if(bool good) { return good ? AuditStatus::passed : AuditStatus::failed; }

AuditLine dispatch_delay(const RunRecord& record) {
  AuditLine line{.name = "dispatch delay"};
  const auto& delays = durations(measured_phase(record), Metric::dispatch_delay);
  const auto& ttft = durations(measured_phase(record), Metric::ttft);
  if (delays.count() == 0 || ttft.count() == 0) {
    line.explanation = "no request was answered in the measured phase";
    return line;
  }
  const nanoseconds p99 = delays.value_at_percentile(99);
  const auto share_of_ttft = std::chrono::duration_cast<nanoseconds>(
      ttft.value_at_percentile(50) * audit_limits::dispatch_delay_share);
  const nanoseconds limit = std::max(audit_limits::dispatch_delay, share_of_ttft);
  line.status = pass_if(p99 <= limit);
  line.measured = "p99 " + readable(p99);
  line.limit = "at most " + readable(limit);
  if (line.status != AuditStatus::failed) return line;
  line.explanation =
      "requests were sent later than intended; give the load generator more CPU, or offer less";
  if (record.scenario.target.openai.max_connections > 0)
    line.explanation += "; max_connections lets requests wait for a connection: raise it";
  return line;
}

/// The limit on requests in flight of an open load; 0 where there is none.
std::uint64_t cap_of(const scenarios::Load& load) {
  if (const auto* arrivals = std::get_if<scenarios::OpenArrivals>(&load))
    return arrivals->max_in_flight;
  if (const auto* trace = std::get_if<scenarios::TraceReplay>(&load)) return trace->max_in_flight;
  return 0;
}

AuditLine late_and_dropped(const RunRecord& record) {
  AuditLine line{.name = "late and dropped", .limit = "at most 0.1 %"};
  const PhaseMetrics& metrics = measured_phase(record);
  const Ledger& ledger = metrics.ledger;
  if (ledger.scheduled == 0) {
    line.explanation = "no request came due in the measured phase";
    return line;
  }
  const double share = static_cast<double>(metrics.late + ledger.dropped_late) /
                       static_cast<double>(ledger.scheduled);
  line.status = pass_if(share <= audit_limits::late_and_dropped_share);
  // Among fewer than a thousand a single one is over the limit, and says nothing of the pace.
  const bool single = metrics.late == 1 && ledger.dropped_late == 0;
  if (line.status == AuditStatus::failed && single) line.status = AuditStatus::warning;
  line.measured = readable_count(metrics.late) + " late, " + readable_count(ledger.dropped_late) +
                  " dropped of " + plural(ledger.scheduled, "request") + ", " +
                  readable_share(share);
  if (line.status == AuditStatus::passed) return line;
  const std::uint64_t cap = cap_of(record.scenario.load);
  line.explanation = "what the target got is not the planned load (late: sent more than " +
                     readable(actors::late_limit) + " after the intended start); " +
                     (cap > 0 ? "max_in_flight = " + readable_count(cap) +
                                    " may have held requests back: raise "
                                    "it, or offer less"
                              : "give the load generator more CPU or more agents, or offer less");
  return line;
}

AuditLine arrival_rate(const RunRecord& record) {
  AuditLine line{.name = "arrival rate", .limit = "within 1 %"};
  line.status = AuditStatus::not_applicable;
  if (std::holds_alternative<scenarios::ClosedUsers>(record.scenario.load)) {
    line.explanation = "users of a closed model keep no schedule";
    return line;
  }
  if (cut_short(record)) {
    line.explanation = "the run was cut short";
    return line;
  }
  const bool replay = std::holds_alternative<scenarios::TraceReplay>(record.scenario.load);
  if (replay && losses_are_tolerated(record) && !record.moved.empty()) {
    line.explanation =
        "an agent was lost, and without the trace nobody can count what was not asked until others "
        "had its work";
    return line;
  }
  std::uint64_t planned = 0;
  for (const auto& agent : record.agents)
    planned += agent.ready ? agent.ready->planned_requests : 0;
  std::uint64_t scheduled = record.timeline.total(Phase::warm_up).ledger.scheduled +
                            measured_phase(record).ledger.scheduled;
  const bool any_lost = std::ranges::any_of(
      record.agents, [](const AgentRecord& agent) { return agent.lost.has_value(); });
  if (any_lost && losses_are_tolerated(record)) {
    // What a lost agent did not report and what nobody asked meanwhile is told as lost, not as a
    // wrong pace of the others.
    const RequestAccount all = sum_of(accounts_of(record));
    planned -= std::min(planned, all.lost + all.left_out + all.never_due);
    scheduled -= all.moved_on;
  }
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

/// By the agents' newest reports; a lost agent's work moves, so then nobody knows before the end.
double expected_by_now(const RunRecord& record, const scenarios::OpenArrivals& arrivals) {
  const auto& latest = record.timeline.latest();
  const nanoseconds plan_end = record.scenario.phases.warm_up + record.scenario.phases.measure;
  double expected = 0;
  for (const auto& agent : latest)
    expected += arrivals.rate.total_until(std::min(agent.to, plan_end));
  return latest.empty() ? 0 : expected / static_cast<double>(latest.size());
}

std::vector<AuditLine> arrivals_so_far(const RunRecord& record) {
  const auto* arrivals = std::get_if<scenarios::OpenArrivals>(&record.scenario.load);
  const bool any_lost = std::ranges::any_of(
      record.agents, [](const AgentRecord& agent) { return agent.lost.has_value(); });
  if (arrivals == nullptr || any_lost) return {};
  AuditLine line{.name = "arrival rate"};
  const double expected = expected_by_now(record, *arrivals);
  const std::uint64_t scheduled = record.timeline.total(Phase::warm_up).ledger.scheduled +
                                  measured_phase(record).ledger.scheduled;
  if (expected < 1) {
    line.explanation = "no request came due yet";
    return {line};
  }
  // A count of random arrivals strays by the root of its mean, burstier ones by more.
  const bool constant = arrivals->process == scenarios::OpenArrivals::Process::constant;
  const bool gamma = arrivals->process == scenarios::OpenArrivals::Process::gamma;
  const double spread = constant ? 0 : (gamma ? arrivals->burstiness : 1) * std::sqrt(expected);
  const double agents = static_cast<double>(record.agents.size());  // each is at most one behind
  const double allowed =
      std::max(audit_limits::arrival_rate_error * expected, 4 * spread) + agents + 1;
  const double error = std::abs(static_cast<double>(scheduled) - expected);
  line.status = error <= allowed ? AuditStatus::passed : AuditStatus::warning;
  line.measured =
      readable_count(scheduled) + " came due, about " + readable_rate(expected) + " were to be";
  line.limit = "within " + readable_rate(allowed);
  if (line.status == AuditStatus::warning)
    line.explanation = "the load so far is not the one that the scenario describes";
  return {line};
}

}  // namespace

std::vector<AuditLine> schedule_audit_so_far(const RunRecord& record) {
  std::vector<AuditLine> lines{dispatch_delay(record), late_and_dropped(record)};
  for (AuditLine& line : arrivals_so_far(record)) lines.push_back(std::move(line));
  return lines;
}

std::vector<AuditLine> schedule_audit(const RunRecord& record) {
  return {dispatch_delay(record), late_and_dropped(record), arrival_rate(record)};
}

}  // namespace squall::coordinator
