#pragma once
// A campaign's results for programs: schema "squall-campaign/1". Durations are in seconds, shares 0
// to 1; what is not known is null.

#include <string>

#include "coordinator/campaign/results/campaign_results.hpp"

namespace squall::coordinator {

std::string json_campaign_results(const CampaignResults& results);

}  // namespace squall::coordinator
