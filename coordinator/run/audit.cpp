#include "coordinator/run/audit.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <variant>

#include "coordinator/run/audit/fabric_audit.hpp"
#include "coordinator/run/audit/generator_audit.hpp"
#include "coordinator/run/audit/ledger_audit.hpp"
#include "coordinator/run/audit/record_audit.hpp"
#include "coordinator/run/audit/schedule_audit.hpp"
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

/// Why Little's law cannot be asked of this run; empty when it can.
std::string no_steady_state(const RunRecord& record) {
  const MeasuredWindow& window = record.timeline.measured();
  const PhaseMetrics& metrics = measured_phase(record);
  const Ledger& ledger = metrics.ledger;
  if (cut_short(record)) return "the run was cut short";
  if (std::ranges::any_of(record.agents, [](const auto& agent) { return agent.lost.has_value(); }))
    return "an agent was lost, with what it had in flight";
  if (window.answers < audit_limits::littles_law_answers)
    return "needs " + readable_count(audit_limits::littles_law_answers) + " answers, has " +
           readable_count(window.answers);
  const Histogram& answers = durations(metrics, Metric::e2e_service);
  if (answers.count() == 0) return "no request of the measured phase was answered";
  const auto needed = audit_limits::littles_law_lengths * in_seconds(answers.mean());
  if (in_seconds(window.length) < needed)
    return "needs a window of 20 mean answers, " +
           readable(std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(needed)));
  // Answers from the cache are neither arrivals at the target nor answers of it.
  const std::uint64_t sent = ledger.issued - std::min(ledger.issued, metrics.cached);
  const auto arrived = static_cast<double>(sent);
  const auto answered = static_cast<double>(window.answers);
  const auto allowed = audit_limits::steady_state_error * answered;
  if (std::abs(arrived - static_cast<double>(answers.count())) > allowed)
    return "not all requests were answered, so their time in flight is not known";
  if (std::abs(arrived - answered) > allowed)
    return "no steady state: " + readable_count(sent) + " sent, " + readable_count(window.answers) +
           " answered in the window";
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
  const bool together = *last - *first <= audit_limits::start_spread;
  line.status = together ? AuditStatus::passed : AuditStatus::warning;
  line.measured = "spread " + readable(*last - *first);
  if (!together)
    line.explanation =
        "the agents did not begin together, so the load rose in another shape than "
        "planned";
  return line;
}

}  // namespace

std::vector<AuditLine> audit(const RunRecord& record) {
  std::vector<AuditLine> lines = ledger_audit(record);
  if (auto line = exact_records(record)) lines.push_back(std::move(*line));
  for (AuditLine& line : fabric_audit(record)) lines.push_back(std::move(line));
  for (AuditLine& line : schedule_audit(record)) lines.push_back(std::move(line));
  lines.push_back(littles_law(record));
  for (AuditLine& line : generator_audit(record)) lines.push_back(std::move(line));
  lines.push_back(clock_error(record));
  lines.push_back(start_spread(record));
  return lines;
}

std::vector<AuditLine> audit_so_far(const RunRecord& record) {
  std::vector<AuditLine> lines = ledger_audit_so_far(record);
  for (auto* questions : {fabric_audit_so_far, schedule_audit_so_far, generator_audit})
    for (AuditLine& line : questions(record)) lines.push_back(std::move(line));
  lines.push_back(clock_error(record));
  lines.push_back(start_spread(record));
  return lines;
}

}  // namespace squall::coordinator
