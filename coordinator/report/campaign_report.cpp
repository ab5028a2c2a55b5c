#include "coordinator/report/campaign_report.hpp"

#include <algorithm>

namespace squall::coordinator {

namespace {

CampaignMember member(const RunRecord& record, std::size_t index) {
  const AgentRecord& agent = record.agents[index];
  CampaignMember made;
  made.name = agent.hello.name;
  made.host = agent.hello.host;
  made.identity = agent.identity;
  made.labels = agent.hello.labels;
  made.weight = agent.share.width;
  made.paused = record.timeline.paused_of(index);
  made.state = agent.lost ? "lost" : agent.sealed ? "to the end" : "never sealed";
  return made;
}

LossRow loss(const AgentRecord& agent, const RequestAccount& account) {
  return {.agent = agent.hello.name,
          .why = *agent.lost,
          .at = agent.lost_at,
          .known_until = agent.known_until,
          .batches = agent.batches,
          .handed_over = agent.sealed.has_value(),
          .unaccounted = account.lost};
}

void add(MovedWork& sum, const MovedWork& work) {
  sum.known = sum.known || work.known;
  sum.idle += work.idle;
  sum.due += work.due;
  sum.taken += work.taken;
  sum.idle_seconds += work.idle_seconds;
  sum.due_seconds += work.due_seconds;
  sum.taken_seconds += work.taken_seconds;
}

std::vector<MoveRow> moves_of(const RunRecord& record) {
  const std::vector<MovedWork> work = moved_work(record);
  std::vector<MoveRow> rows;
  for (std::size_t i = 0; i < record.moved.size(); ++i) {
    const MovedShare& moved = record.moved[i];
    const AgentRecord& lost = record.agents.at(moved.agent);
    auto row = std::ranges::find_if(rows, [&](const MoveRow& each) {
      return each.agent == lost.hello.name && each.from == moved.from;
    });
    if (row == rows.end()) {
      row = rows.insert(row, MoveRow{});
      row->agent = lost.hello.name;
      row->idle_from = idle_from(lost);
      row->from = moved.from;
      row->ramp = moved.ramp;
    }
    row->to.push_back(record.agents.at(moved.to).hello.name);
    ++row->orders;
    row->taken += moved.taken ? 1 : 0;
    add(row->work, work[i]);
  }
  return rows;
}

std::optional<nanoseconds> spread_of(const std::vector<AgentRecord>& agents) {
  std::vector<nanoseconds> errors;
  for (const AgentRecord& agent : agents)
    if (agent.started) errors.push_back(agent.started->start_error);
  if (errors.size() < 2) return std::nullopt;
  const auto [first, last] = std::ranges::minmax(errors);
  return last - first;
}

}  // namespace

bool CampaignReport::worth_telling() const {
  return members.size() > 1 || insecure || !losses.empty() || !gaps.empty() ||
         turned_away_in_all() > 0 || turned_away.undeliverable > 0 || protocol_errors > 0 ||
         std::ranges::any_of(members, [](const CampaignMember& each) {
           return each.paused > nanoseconds{0} || !each.identity.empty() || !each.labels.empty();
         });
}

std::uint64_t CampaignReport::turned_away_in_all() const {
  return turned_away.refused_parts + turned_away.refused_keys + turned_away.revoked_frames +
         turned_away.refused_handshakes + turned_away.flooded;
}

CampaignReport make_campaign_report(const RunRecord& record,
                                    const std::vector<RequestAccount>& accounts) {
  CampaignReport report;
  report.endpoint = record.endpoint;
  report.security = record.security;
  report.insecure = record.insecure;
  report.journal = record.journal;
  for (std::size_t index = 0; index < record.agents.size(); ++index) {
    report.members.push_back(member(record, index));
    if (record.agents[index].lost)
      report.losses.push_back(loss(record.agents[index], accounts.at(index)));
  }
  report.moves = moves_of(record);
  report.gaps = record.gaps;
  report.start_spread = spread_of(record.agents);
  report.turned_away = record.turned_away;
  report.protocol_errors = record.protocol_errors;
  return report;
}

}  // namespace squall::coordinator
