#include "coordinator/run/audit/request_account.hpp"

#include <algorithm>
#include <variant>

namespace squall::coordinator {

using actors::Ledger;
using actors::Phase;

namespace {

std::uint64_t beyond(std::uint64_t more, std::uint64_t less) {
  return more > less ? more - less : 0;
}

bool is_open_model(const RunRecord& record) {
  return !std::holds_alternative<scenarios::ClosedUsers>(record.scenario.load);
}

std::uint64_t planned_by(const RunRecord& record, const AgentRecord& agent, const Ledger& kept) {
  std::uint64_t planned = kept.scheduled;
  if (agent.sealed) {
    std::uint64_t sealed = 0;
    for (const Ledger& phase : agent.sealed->totals) sealed += phase.scheduled;
    planned = std::max(planned, sealed);
  }
  if (is_open_model(record) && agent.ready) planned = agent.ready->planned_requests;
  return planned;
}

/// What was moved from and to an agent of the open model.
struct Moves {
  std::uint64_t came = 0, went = 0;  // that the taker would ask
  std::uint64_t left_out = 0;        // by the ramp, of what went
  std::uint64_t due = 0;             // all that went, from the take-over on
  bool any = false, known = true;
};

Moves moves_of(const RunRecord& record, std::size_t agent, const std::vector<MovedWork>& work) {
  Moves moves;
  for (std::size_t i = 0; i < record.moved.size(); ++i) {
    const MovedShare& moved = record.moved[i];
    if (moved.to == agent && is_given(record, moved)) moves.came += work[i].taken;
    if (moved.agent == agent) {
      const bool given = is_given(record, moved);
      moves.went += given ? work[i].taken : 0;
      moves.left_out += given ? work[i].left_out() : work[i].due;
      moves.due += work[i].due;
    }
    if (moved.to != agent && moved.agent != agent) continue;
    moves.any = true;
    moves.known = moves.known && work[i].known;
  }
  return moves;
}

/// Of a replay the plan is not at hand: what a taker did beyond its own share was moved, and
/// missing at the lost.
void move_what_came_due(const RunRecord& record, std::size_t agent, const Ledger& kept,
                        RequestAccount& account) {
  const bool lost = record.agents[agent].lost.has_value();
  account.planned =
      lost ? std::min(account.planned, kept.scheduled) : std::max(account.planned, kept.scheduled);
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
  left_out += other.left_out;
  never_due += other.never_due;
  moved_on += other.moved_on;
  return *this;
}

Ledger kept_ledger(const RunRecord& record, std::size_t agent) {
  Ledger kept = record.timeline.of_agent(agent, Phase::warm_up).ledger;
  kept += record.timeline.of_agent(agent, Phase::measure).ledger;
  return kept;
}

RequestAccount account_of(const RunRecord& record, std::size_t index,
                          const std::vector<MovedWork>& work) {
  const AgentRecord& agent = record.agents.at(index);
  const Ledger kept = kept_ledger(record, index);
  RequestAccount account;
  account.planned = planned_by(record, agent, kept);
  const Moves moves = moves_of(record, index, work);
  if (is_open_model(record) && moves.any) {
    if (moves.known) {
      const std::uint64_t before_take_over = beyond(account.planned + moves.came, moves.due);
      account.planned = beyond(account.planned + moves.came, moves.went);
      account.left_out = moves.left_out;
      account.moved_on =
          std::min(beyond(kept.scheduled, before_take_over), kept.cancelled_before_send);
    } else {
      move_what_came_due(record, index, kept, account);
    }
  }
  account.completed = kept.ok;
  account.failed = kept.error + kept.timeout;
  account.timed_out = kept.timeout;
  account.open_at_end = kept.open_at_end;
  account.not_sent =
      kept.dropped_late + kept.cancelled_before_send - account.moved_on + account.left_out;
  const std::uint64_t came_due = kept.scheduled - account.moved_on + account.left_out;
  // Stopped before the others came due: by us, or fenced off because others have its work.
  if (agent.sealed && (cut_short(record) || agent.lost))
    account.never_due = beyond(account.planned, came_due);
  account.not_sent += account.never_due;
  account.cancelled = kept.cancelled + account.open_at_end + account.not_sent;

  const std::uint64_t accounted = account.completed + account.failed + account.cancelled;
  account.lost = beyond(account.planned, accounted);
  account.surplus = beyond(accounted, account.planned);
  account.lost_in_flight = std::min(account.lost, beyond(came_due, accounted));
  account.never_reported = account.lost - account.lost_in_flight;
  return account;
}

std::vector<RequestAccount> accounts_of(const RunRecord& record) {
  const std::vector<MovedWork> work = moved_work(record);
  std::vector<RequestAccount> accounts;
  accounts.reserve(record.agents.size());
  for (std::size_t agent = 0; agent < record.agents.size(); ++agent)
    accounts.push_back(account_of(record, agent, work));
  return accounts;
}

RequestAccount sum_of(const std::vector<RequestAccount>& accounts) {
  RequestAccount total;
  for (const RequestAccount& account : accounts) total += account;
  return total;
}

}  // namespace squall::coordinator
