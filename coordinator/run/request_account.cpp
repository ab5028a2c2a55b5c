#include "coordinator/run/request_account.hpp"

#include <algorithm>
#include <variant>

namespace squall::coordinator {

using actors::Ledger;
using actors::Phase;

namespace {

std::uint64_t beyond(std::uint64_t more, std::uint64_t less) {
  return more > less ? more - less : 0;
}

std::uint64_t planned_by(const RunRecord& record, const AgentRecord& agent, const Ledger& kept) {
  std::uint64_t planned = kept.scheduled;
  if (agent.sealed) {
    std::uint64_t sealed = 0;
    for (const Ledger& phase : agent.sealed->totals) sealed += phase.scheduled;
    planned = std::max(planned, sealed);
  }
  const bool open_model = !std::holds_alternative<scenarios::ClosedUsers>(record.scenario.load);
  if (open_model && agent.ready) planned = agent.ready->planned_requests;
  return planned;
}

}  // namespace

RequestAccount& RequestAccount::operator+=(const RequestAccount& other) {
  planned += other.planned;
  completed += other.completed;
  failed += other.failed;
  cancelled += other.cancelled;
  lost += other.lost;
  timed_out += other.timed_out;
  open_at_end += other.open_at_end;
  not_sent += other.not_sent;
  lost_in_flight += other.lost_in_flight;
  never_reported += other.never_reported;
  surplus += other.surplus;
  return *this;
}

Ledger kept_ledger(const RunRecord& record, std::size_t agent) {
  Ledger kept = record.timeline.of_agent(agent, Phase::warm_up).ledger;
  kept += record.timeline.of_agent(agent, Phase::measure).ledger;
  return kept;
}

RequestAccount account_of(const RunRecord& record, std::size_t index) {
  const AgentRecord& agent = record.agents.at(index);
  const Ledger kept = kept_ledger(record, index);
  RequestAccount account;
  account.planned = planned_by(record, agent, kept);
  account.completed = kept.ok;
  account.failed = kept.error + kept.timeout;
  account.timed_out = kept.timeout;
  account.open_at_end = kept.open_at_end;
  account.not_sent = kept.dropped_late + kept.cancelled_before_send;
  if (agent.sealed && cut_short(record))  // stopped before these came due
    account.not_sent += beyond(account.planned, kept.scheduled);
  account.cancelled = kept.cancelled + account.open_at_end + account.not_sent;

  const std::uint64_t accounted = account.completed + account.failed + account.cancelled;
  account.lost = beyond(account.planned, accounted);
  account.surplus = beyond(accounted, account.planned);
  account.lost_in_flight = std::min(account.lost, beyond(kept.scheduled, accounted));
  account.never_reported = account.lost - account.lost_in_flight;
  return account;
}

RequestAccount account_of_all(const RunRecord& record) {
  RequestAccount total;
  for (std::size_t agent = 0; agent < record.agents.size(); ++agent)
    total += account_of(record, agent);
  return total;
}

}  // namespace squall::coordinator
