#include "coordinator/report/json_campaign.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

json seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

json to_json(const CampaignMember& member) {
  return {{"name", member.name},
          {"host", member.host},
          {"labels", member.labels},
          {"identity", member.identity},
          {"weight", member.weight},
          {"state", member.state},
          {"paused", seconds(member.paused)}};
}

json to_json(const LossRow& loss) {
  return {{"agent", loss.agent},
          {"why", loss.why},
          {"at", seconds(loss.at)},
          {"known_until", seconds(loss.known_until)},
          {"batches", loss.batches},
          {"handed_over", loss.handed_over},
          {"unaccounted", loss.unaccounted}};
}

json to_json(const MoveRow& move) {
  const MovedWork& work = move.work;
  json nobody = nullptr;
  if (work.known)
    nobody = {{"requests_between", work.idle},
              {"requests_left_out", work.left_out()},
              {"user_seconds_between", work.idle_seconds},
              {"user_seconds_left_out", std::max(0.0, work.due_seconds - work.taken_seconds)}};
  return {{"agent", move.agent},
          {"to", move.to},
          {"idle_from", seconds(move.idle_from)},
          {"from", seconds(move.from)},
          {"ramp", seconds(move.ramp)},
          {"orders", move.orders},
          {"taken", move.taken},
          {"nobody_asked", std::move(nobody)}};
}

json to_json(const CoordinatorGap& gap) {
  return {{"from", seconds(gap.from)}, {"to", seconds(gap.to)}};
}

template <class Rows>
json list(const Rows& rows) {
  json result = json::array();
  for (const auto& row : rows) result.push_back(to_json(row));
  return result;
}

}  // namespace

json campaign_json(const CampaignReport& campaign) {
  const actors::LinkCounters& link = campaign.turned_away;
  return {{"endpoint", campaign.endpoint},
          {"security", campaign.security},
          {"insecure", campaign.insecure},
          {"journal", campaign.journal},
          {"agents", list(campaign.members)},
          {"lost", list(campaign.losses)},
          {"moved", list(campaign.moves)},
          {"coordinator_gaps", list(campaign.gaps)},
          {"start_spread", campaign.start_spread ? seconds(*campaign.start_spread) : json(nullptr)},
          {"turned_away",
           {{"keys", link.refused_keys},
            {"handshakes", link.refused_handshakes},
            {"revoked_frames", link.revoked_frames},
            {"frames_in_parts", link.refused_parts},
            {"frames_not_ours", campaign.protocol_errors},
            {"flooded", link.flooded},
            {"undeliverable", link.undeliverable},
            {"of_last_process", !campaign.gaps.empty()}}}};
}

}  // namespace squall::coordinator
