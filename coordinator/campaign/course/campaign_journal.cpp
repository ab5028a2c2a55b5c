#include "coordinator/campaign/course/campaign_journal.hpp"

namespace squall::coordinator {

std::string CampaignJournal::began_at(unsigned round) const {
  for (const auto& each : rounds)
    if (each.round == round) return each.at;
  return {};
}

std::vector<const RunEnded*> CampaignJournal::complete_runs(unsigned round) const {
  std::vector<const RunEnded*> found;
  for (const auto& each : runs)
    if (each.round == round && each.complete()) found.push_back(&each);
  return found;
}

}  // namespace squall::coordinator
