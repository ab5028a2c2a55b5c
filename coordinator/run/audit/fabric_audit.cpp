#include "coordinator/run/audit/fabric_audit.hpp"

#include <algorithm>
#include <variant>

#include "coordinator/run/audit/request_account.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

constexpr nanoseconds zero{0};
/// From an agent's loss to the take-over of its work, at most; later than that before the end of
/// the plan there is nothing to move any more.
constexpr nanoseconds longest_decision = std::chrono::seconds(5);

nanoseconds plan_end(const RunRecord& record) {
  return record.scenario.phases.warm_up + record.scenario.phases.measure;
}

void add(std::string& text, const std::string& more) { text += (text.empty() ? "" : "; ") + more; }

/// Some are enough to know what happened; the campaign section and --json have all of them.
constexpr std::size_t most_named = 5;

AuditLine agents_present(const RunRecord& record) {
  AuditLine line{.name = "agents"};
  std::size_t present = 0, unsealed = 0, lost = 0, named = 0;
  bool stopped_by_itself = false;
  for (const auto& agent : record.agents) {
    const bool gave_up =
        agent.sealed && !agent.sealed->stopped_because.empty() && !cut_short(record) && !agent.lost;
    lost += agent.lost ? 1 : 0;
    unsealed += !agent.lost && !agent.sealed ? 1 : 0;
    stopped_by_itself |= gave_up;
    if (!agent.lost && agent.sealed && !gave_up) {
      ++present;
      continue;
    }
    if (++named > most_named) continue;
    add(line.explanation, agent.hello.name + ": " +
                              (gave_up ? "stopped by itself: " + agent.sealed->stopped_because
                                       : agent.lost.value_or("never sealed its figures")));
  }
  if (named > most_named) add(line.explanation, plural(named - most_named, "more agent"));
  line.measured = readable_count(present) + " of " + plural(record.agents.size(), "agent") +
                  " stayed to the end";
  if (lost > 0) line.limit = "may lose " + readable_count(record.scenario.agents.may_lose);
  const bool whole = !record.agents.empty() && present == record.agents.size();
  const bool tolerated = unsealed == 0 && !stopped_by_itself && losses_are_tolerated(record);
  line.status = whole       ? AuditStatus::passed
                : tolerated ? AuditStatus::warning
                            : AuditStatus::failed;
  return line;
}

/// An agent without a lease starts nothing: the planned load was not offered meanwhile.
std::vector<AuditLine> leases(const RunRecord& record) {
  nanoseconds longest = zero;
  std::size_t paused = 0, worst = 0;
  for (std::size_t agent = 0; agent < record.agents.size(); ++agent) {
    if (record.agents[agent].lost || record.timeline.paused_of(agent) <= zero) continue;
    ++paused;
    if (record.timeline.paused_of(agent) <= longest) continue;
    longest = record.timeline.paused_of(agent);
    worst = agent;
  }
  if (paused == 0) return {};
  const nanoseconds limit = record.scenario.agents.may_pause;
  AuditLine line{.name = "leases", .limit = "may pause " + readable(limit)};
  line.measured = readable_count(paused) + " of " + plural(record.agents.size(), "agent") +
                  " paused, longest " + readable(longest) + " (" + record.agents[worst].hello.name +
                  ")";
  line.status = longest > limit ? AuditStatus::failed : AuditStatus::warning;
  line.explanation =
      "without the coordinator's lease an agent starts nothing; what was due then was never sent";
  return {line};
}

std::vector<AuditLine> coordinator_stayed(const RunRecord& record) {
  if (record.gaps.empty()) return {};
  AuditLine line{.name = "coordinator", .status = AuditStatus::warning};
  nanoseconds all = zero;
  for (const CoordinatorGap& gap : record.gaps) all += gap.to - gap.from;
  line.measured =
      "was gone " + plural(record.gaps.size(), "time") + ", " + readable(all) + " in all";
  line.explanation = "agents kept their figures meanwhile, and paused when their leases ended";
  return {line};
}

/// Nothing that goes wrong may load the target with more than the plan.
std::vector<AuditLine> offered_load(const RunRecord& record) {
  if (std::holds_alternative<scenarios::ClosedUsers>(record.scenario.load)) return {};
  AuditLine line{.name = "offered load", .limit = "never above the plan"};
  std::uint64_t issued = 0, due = 0, planned = 0;
  for (const AgentRecord& agent : record.agents)
    planned += agent.ready ? agent.ready->planned_requests : 0;
  const std::vector<RequestAccount> accounts = accounts_of(record);
  std::string complaints;
  for (std::size_t agent = 0; agent < record.agents.size(); ++agent) {
    const actors::Ledger kept = kept_ledger(record, agent);
    issued += kept.issued;
    due += kept.scheduled - accounts[agent].moved_on;
    if (accounts[agent].surplus > 0)
      add(complaints, record.agents[agent].hello.name + ": " +
                          readable_count(accounts[agent].surplus) + " beyond its plan");
  }
  if (planned == 0) {
    line.explanation = "nothing was planned";
    return {line};
  }
  line.measured = readable_count(issued) + " sent of " + readable_count(planned) + " planned";
  if (issued > planned || due > planned)
    add(complaints, "the target was offered more than the scenario says");
  line.status = complaints.empty() ? AuditStatus::passed : AuditStatus::failed;
  line.explanation = complaints;
  return {line};
}

AuditLine agents_so_far(const RunRecord& record) {
  AuditLine line{.name = "agents"};
  std::size_t lost = 0;
  for (const AgentRecord& agent : record.agents) {
    if (!agent.lost || ++lost > most_named) continue;
    add(line.explanation, agent.hello.name + ": " + *agent.lost);
  }
  if (record.agents.empty()) {
    line.explanation = "none takes part yet";
    return line;
  }
  const unsigned may_lose = record.scenario.agents.may_lose;
  line.measured =
      lost == 0 ? "all of " + readable_count(record.agents.size()) + " there"
                : readable_count(lost) + " of " + plural(record.agents.size(), "agent") + " lost";
  if (lost > 0) line.limit = "may lose " + readable_count(may_lose);
  line.status = lost == 0          ? AuditStatus::passed
                : lost <= may_lose ? AuditStatus::warning
                                   : AuditStatus::failed;
  return line;
}

std::vector<AuditLine> sent_so_far(const RunRecord& record) {
  if (std::holds_alternative<scenarios::ClosedUsers>(record.scenario.load)) return {};
  AuditLine line{.name = "offered load", .limit = "never above the plan"};
  std::uint64_t issued = 0, planned = 0;
  for (const AgentRecord& agent : record.agents)
    planned += agent.ready ? agent.ready->planned_requests : 0;
  for (std::size_t phase = 0; phase < actors::phase_count; ++phase)
    issued += record.timeline.total(static_cast<actors::Phase>(phase)).ledger.issued;
  if (planned == 0 || issued == 0) {
    line.explanation = "nothing was sent yet";
    return {line};
  }
  line.measured = readable_count(issued) + " sent of " + readable_count(planned) + " planned";
  line.status = issued <= planned ? AuditStatus::passed : AuditStatus::failed;
  if (issued > planned) line.explanation = "the target was offered more than the scenario says";
  return {line};
}

}  // namespace

bool losses_are_tolerated(const RunRecord& record) {
  const auto lost = std::ranges::count_if(record.agents,
                                          [](const auto& agent) { return agent.lost.has_value(); });
  if (lost == 0) return true;
  if (record.broken || static_cast<std::size_t>(lost) > record.scenario.agents.may_lose)
    return false;
  for (std::size_t index = 0; index < record.agents.size(); ++index) {
    const AgentRecord& agent = record.agents[index];
    if (!agent.lost) continue;
    const bool time_to_move =
        std::max(agent.lost_at, agent.lease_end) + longest_decision < plan_end(record);
    const bool moved = std::ranges::any_of(
        record.moved, [&](const MovedShare& each) { return each.agent == index; });
    if (time_to_move && !moved) return false;
  }
  // An order to an agent that was lost in its turn has its own successors.
  return std::ranges::all_of(record.moved, [&](const MovedShare& moved) {
    return is_given(record, moved) || moved.from >= plan_end(record);
  });
}

std::string losses_in_words(const RunRecord& record) {
  std::string text;
  std::size_t lost = 0;
  const std::vector<RequestAccount> accounts = accounts_of(record);
  for (std::size_t index = 0; index < record.agents.size(); ++index) {
    const AgentRecord& agent = record.agents[index];
    if (!agent.lost || ++lost > most_named) continue;
    add(text,
        agent.hello.name + (agent.sealed ? " handed over all that it had measured"
                                         : " is known until " + readable(agent.known_until) +
                                               " (batch " + readable_count(agent.batches) + "), " +
                                               plural(accounts[index].lost, "request") +
                                               " of its plan not accounted for"));
  }
  if (lost == 0) return {};
  if (lost > most_named) add(text, plural(lost - most_named, "more agent"));
  return readable_count(lost) + " of " + plural(record.agents.size(), "agent") +
         (lost == 1 ? " was lost: " : " were lost: ") + text;
}

std::vector<AuditLine> fabric_audit(const RunRecord& record) {
  std::vector<AuditLine> lines{agents_present(record)};
  for (auto* question : {leases, coordinator_stayed, offered_load})
    for (AuditLine& line : question(record)) lines.push_back(std::move(line));
  return lines;
}

std::vector<AuditLine> fabric_audit_so_far(const RunRecord& record) {
  std::vector<AuditLine> lines{agents_so_far(record)};
  for (auto* question : {leases, coordinator_stayed, sent_so_far})
    for (AuditLine& line : question(record)) lines.push_back(std::move(line));
  return lines;
}

}  // namespace squall::coordinator
