#include "coordinator/run/audit/ledger_audit.hpp"

#include <algorithm>
#include <string>

#include "coordinator/run/audit/fabric_audit.hpp"
#include "coordinator/run/audit/request_account.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using actors::Ledger;
using actors::Phase;
using scenarios::Metric;

namespace {

constexpr std::array phases{Phase::warm_up, Phase::measure};

std::string name_of(Phase phase) { return phase == Phase::warm_up ? "warm-up" : "measured"; }

bool any_sealed(const RunRecord& record) {
  for (const auto& agent : record.agents)
    if (agent.sealed) return true;
  return false;
}

/// A line whose complaints become its explanation; passed when there are none.
AuditLine from_complaints(AuditLine line, const std::vector<std::string>& complaints) {
  line.status = complaints.empty() ? AuditStatus::passed : AuditStatus::failed;
  for (const std::string& complaint : complaints)
    line.explanation += (line.explanation.empty() ? "" : "; ") + complaint;
  return line;
}

/// scheduled = issued + …, issued = ok + …: of each agent and phase, as sealed.
AuditLine balance(const RunRecord& record) {
  AuditLine line{.name = "ledger balances", .limit = "exactly"};
  if (!any_sealed(record)) {
    line.explanation = "no agent sealed its figures";
    return line;
  }
  Ledger total;
  std::vector<std::string> complaints;
  for (const auto& agent : record.agents) {
    if (!agent.sealed) continue;
    for (const Phase phase : phases) {
      const Ledger& sealed = agent.sealed->totals[static_cast<std::size_t>(phase)];
      total += sealed;
      for (const std::string& imbalance : actors::imbalances(sealed))
        complaints.push_back(agent.hello.name + ", " + name_of(phase) + ": " + imbalance);
    }
  }
  for (const std::string& imbalance : actors::imbalances(total))
    complaints.push_back("in total: " + imbalance);
  line.measured = readable_count(total.scheduled) + " scheduled, " + readable_count(total.issued) +
                  " issued, " + readable_count(total.ended()) + " ended";
  return from_complaints(std::move(line), complaints);
}

/// What the coordinator kept of each agent is what the agent sealed, and the total is their sum.
AuditLine nothing_lost_in_transit(const RunRecord& record) {
  AuditLine line{.name = "batches complete", .limit = "as sealed"};
  std::uint64_t kept_batches = 0;
  std::vector<std::string> complaints;
  std::array<Ledger, actors::phase_count> sums;
  for (std::size_t index = 0; index < record.agents.size(); ++index) {
    const AgentRecord& agent = record.agents[index];
    kept_batches += agent.batches;
    if (agent.sealed && agent.batches != agent.sealed->batches)
      complaints.push_back(agent.hello.name + ": sealed " + readable_count(agent.sealed->batches) +
                           " batches, kept " + readable_count(agent.batches));
    for (const Phase phase : phases) {
      const auto at = static_cast<std::size_t>(phase);
      const Ledger& kept = record.timeline.of_agent(index, phase).ledger;
      sums[at] += kept;
      if (agent.sealed && kept != agent.sealed->totals[at])
        complaints.push_back(agent.hello.name + ", " + name_of(phase) +
                             ": the kept batches do not add up to the sealed totals");
    }
    if (agent.sealed && agent.batches == agent.sealed->batches && agent.hash != agent.sealed->hash)
      complaints.push_back(agent.hello.name +
                           ": the kept batches are not those that were sealed: their hash differs");
  }
  for (const Phase phase : phases)
    if (sums[static_cast<std::size_t>(phase)] != record.timeline.total(phase).ledger)
      complaints.push_back(name_of(phase) + ": the agents do not add up to the total");
  if (complaints.empty() && !any_sealed(record)) {
    line.explanation = "no agent sealed its figures";
    return line;
  }
  line.measured = readable_count(kept_batches) + " kept";
  return from_complaints(std::move(line), complaints);
}

/// Every answer of the target left its durations, every answer from memory its own, and every
/// request that ended its dispatch delay.
std::vector<std::string> duration_complaints(const actors::PhaseMetrics& metrics) {
  std::vector<std::string> complaints;
  const auto check = [&](Metric metric, std::uint64_t expected) {
    const std::uint64_t count = metrics.durations[static_cast<std::size_t>(metric)].count();
    if (count != expected)
      complaints.push_back(readable_count(count) + " of " +
                           std::string(scenarios::describe(metric).name) + " for " +
                           plural(expected, "request"));
  };
  const Ledger& ledger = metrics.ledger;
  if (metrics.cached > ledger.ok)
    complaints.push_back(readable_count(metrics.cached) + " answers from memory among " +
                         readable_count(ledger.ok));
  const std::uint64_t answered = ledger.ok - std::min(ledger.ok, metrics.cached);
  for (const Metric metric : {Metric::ttft, Metric::ttft_service, Metric::e2e, Metric::e2e_service})
    check(metric, answered);
  check(Metric::cache_hit, metrics.cached);
  check(Metric::dispatch_delay, ledger.ended());
  return complaints;
}

AuditLine durations_match(const RunRecord& record) {
  AuditLine line{.name = "durations match counts", .limit = "one each"};
  std::uint64_t completed = 0;
  std::vector<std::string> complaints;
  for (std::size_t agent = 0; agent < record.agents.size(); ++agent) {
    for (const Phase phase : phases) {
      const actors::PhaseMetrics& metrics = record.timeline.of_agent(agent, phase);
      completed += metrics.ledger.ok;
      for (const std::string& complaint : duration_complaints(metrics))
        complaints.push_back(record.agents[agent].hello.name + ", " + name_of(phase) + ": " +
                             complaint);
    }
  }
  line.measured = readable_count(completed) + " completed";
  return from_complaints(std::move(line), complaints);
}

std::vector<std::string> detail_complaints(const actors::PhaseMetrics& metrics) {
  std::vector<std::string> complaints;
  const Ledger& ledger = metrics.ledger;
  if (metrics.attempts < ledger.ended())
    complaints.push_back(plural(metrics.attempts, "attempt") + " for " +
                         plural(ledger.ended(), "ended request"));
  if (metrics.categories.empty()) return complaints;
  std::uint64_t ok = 0, failed = 0;
  for (const auto& category : metrics.categories) {
    ok += category.ok;
    failed += category.failed;
  }
  if (ok != ledger.ok || failed != ledger.error + ledger.timeout)
    complaints.push_back("the categories have " + readable_count(ok) + " completed and " +
                         readable_count(failed) + " failed, the ledger " +
                         readable_count(ledger.ok) + " and " +
                         readable_count(ledger.error + ledger.timeout));
  return complaints;
}

/// What else is counted fits the ledger: attempts, and the parts that categories make of it.
AuditLine details_match(const RunRecord& record) {
  AuditLine line{.name = "details match counts", .limit = "exactly"};
  std::uint64_t attempts = 0;
  std::vector<std::string> complaints;
  for (std::size_t agent = 0; agent < record.agents.size(); ++agent) {
    for (const Phase phase : phases) {
      const actors::PhaseMetrics& metrics = record.timeline.of_agent(agent, phase);
      attempts += metrics.attempts;
      for (const std::string& complaint : detail_complaints(metrics))
        complaints.push_back(record.agents[agent].hello.name + ", " + name_of(phase) + ": " +
                             complaint);
    }
  }
  line.measured = plural(attempts, "attempt");
  if (record.scenario.categories.size() > 1)
    line.measured += ", " + readable_count(record.scenario.categories.size()) + " categories";
  return from_complaints(std::move(line), complaints);
}

/// At any moment a request came due before it was sent, and was sent before it ended.
std::vector<std::string> order_complaints(const Ledger& kept) {
  std::vector<std::string> complaints;
  if (kept.issued > kept.scheduled)
    complaints.push_back(readable_count(kept.issued) + " issued of " +
                         readable_count(kept.scheduled) + " scheduled");
  if (kept.ended() > kept.issued)
    complaints.push_back(readable_count(kept.ended()) + " ended of " + readable_count(kept.issued) +
                         " issued");
  return complaints;
}

AuditLine all_accounted_for(const RunRecord& record) {
  const std::vector<RequestAccount> accounts = accounts_of(record);
  const RequestAccount all = sum_of(accounts);
  AuditLine line{.name = "requests accounted for"};
  line.measured = readable_count(all.planned) + " planned, " + readable_count(all.lost) + " lost";
  std::vector<std::string> complaints;
  bool surplus = false;
  for (std::size_t index = 0; index < record.agents.size(); ++index) {
    const RequestAccount& of_agent = accounts[index];
    const std::string& name = record.agents[index].hello.name;
    surplus |= of_agent.surplus > 0;
    if (of_agent.lost_in_flight > 0)
      complaints.push_back(name + ": " + readable_count(of_agent.lost_in_flight) +
                           " lost: in flight at its last report");
    if (of_agent.never_reported > 0)
      complaints.push_back(name + ": " + readable_count(of_agent.never_reported) +
                           " lost: never reported");
    if (of_agent.surplus > 0)
      complaints.push_back(name + ": " + readable_count(of_agent.surplus) +
                           " more than were planned");
    if (record.agents[index].lost && !record.agents[index].sealed)
      complaints.push_back(
          name + ": what it did after batch " + readable_count(record.agents[index].batches) +
          ", " + readable(record.timeline.latest().at(index).to) + " into the run, is not known");
  }
  line = from_complaints(std::move(line), complaints);
  // What a lost agent took with it is the loss that the scenario allows; all others are ours.
  const bool only_of_lost =
      !surplus && std::ranges::all_of(record.agents, [&](const AgentRecord& agent) {
        return agent.lost ||
               accounts[static_cast<std::size_t>(&agent - record.agents.data())].lost == 0;
      });
  if (line.status == AuditStatus::failed && only_of_lost && losses_are_tolerated(record))
    line.status = AuditStatus::warning;
  return line;
}

}  // namespace

std::vector<AuditLine> ledger_audit(const RunRecord& record) {
  return {balance(record), nothing_lost_in_transit(record), durations_match(record),
          details_match(record), all_accounted_for(record)};
}

std::vector<AuditLine> ledger_audit_so_far(const RunRecord& record) {
  AuditLine line{.name = "ledger", .limit = "exactly"};
  std::vector<std::string> complaints;
  Ledger all;
  for (const Phase phase : phases) {
    Ledger sum;
    for (std::size_t agent = 0; agent < record.timeline.agents(); ++agent) {
      const actors::PhaseMetrics& metrics = record.timeline.of_agent(agent, phase);
      sum += metrics.ledger;
      const auto whose = [&] { return record.agents[agent].hello.name + ", " + name_of(phase); };
      for (const std::string& complaint : order_complaints(metrics.ledger))
        complaints.push_back(whose() + ": " + complaint);
      for (const std::string& complaint : duration_complaints(metrics))
        complaints.push_back(whose() + ": " + complaint);
      for (const std::string& complaint : detail_complaints(metrics))
        complaints.push_back(whose() + ": " + complaint);
    }
    if (sum != record.timeline.total(phase).ledger)
      complaints.push_back(name_of(phase) + ": the agents do not add up to the total");
    all += sum;
  }
  if (all.scheduled == 0 && complaints.empty()) {
    line.explanation = "no request came due yet";
    return {line};
  }
  line.measured = readable_count(all.issued) + " issued, " + readable_count(all.ended()) + " ended";
  return {from_complaints(std::move(line), complaints)};
}

}  // namespace squall::coordinator
