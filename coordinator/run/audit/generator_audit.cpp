#include "coordinator/run/audit/generator_audit.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using actors::Calibration;

namespace {

constexpr nanoseconds zero{0};

AuditStatus pass_if(bool good) { return good ? AuditStatus::passed : AuditStatus::failed; }

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
  // A lost agent that was stopped and came back tells of its own stop; it is judged as lost.
  const auto lag = [&](std::size_t agent) {
    return record.agents[agent].lost ? zero : record.timeline.window_of(agent).worst_loop_lag;
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

/// What an agent needed in its busiest second, and the share of what it can drive.
struct Demand {
  std::size_t agent = 0;
  std::string text;
  double share = 0;
};

std::optional<Demand> demand_of(const RunRecord& record, std::size_t agent) {
  const auto& ready = record.agents[agent].ready;
  if (!ready || ready->calibration.starts_per_second <= 0) return std::nullopt;
  const Calibration& can = ready->calibration;
  const AgentWindow& window = record.timeline.window_of(agent);
  const auto starts = static_cast<double>(window.peak_starts);
  Demand demand{agent, {}, starts / can.starts_per_second};
  demand.text = readable_rate(starts) + " of " + readable_rate(can.starts_per_second) + " starts/s";
  if (can.chunks_per_second > 0) {
    const double chunks = static_cast<double>(window.peak_tokens) *
                          chunks_a_token(record.timeline.of_agent(agent, actors::Phase::measure));
    demand.share = std::max(demand.share, chunks / can.chunks_per_second);
    demand.text +=
        ", " + readable_rate(chunks) + " of " + readable_rate(can.chunks_per_second) + " chunks/s";
  }
  demand.text += ", " + readable_share(demand.share);
  return demand;
}

/// Before the run each agent measured what it can drive against a target that does nothing.
AuditLine calibration(const RunRecord& record) {
  AuditLine line{.name = "agents' capacity", .limit = "at most half of what they can drive"};
  if (!has_window(record)) {
    line.explanation = "nothing was measured";
    return line;
  }
  std::optional<Demand> most;
  for (std::size_t agent = 0; agent < record.agents.size(); ++agent) {
    const auto demand = demand_of(record, agent);
    if (!demand) {
      line.explanation = record.agents[agent].hello.name + " did not tell what it can drive";
      return line;
    }
    if (!most || demand->share > most->share) most = demand;
  }
  line.measured =
      "busiest second " + most->text + " (" + record.agents[most->agent].hello.name + ")";
  line.status = most->share <= audit_limits::calibration_warning ? AuditStatus::passed
                : most->share <= 1                               ? AuditStatus::warning
                                                                 : AuditStatus::failed;
  if (line.status == AuditStatus::warning)
    line.explanation = "the load generator had little to spare; use more agents";
  if (line.status == AuditStatus::failed)
    line.explanation =
        "the load generator was asked for more than it can do, so it was the limit and not the "
        "target; use more agents, on machines of their own, or offer less";
  return line;
}

}  // namespace

std::vector<AuditLine> generator_audit(const RunRecord& record) {
  return {loop_lag(record), generator_cpu(record), calibration(record)};
}

}  // namespace squall::coordinator
