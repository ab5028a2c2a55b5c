#pragma once
// The campaign's part of the JSON report, as json_report.hpp describes it.

#include <nlohmann/json_fwd.hpp>

#include "coordinator/report/campaign_report.hpp"

namespace squall::coordinator {

nlohmann::ordered_json campaign_json(const CampaignReport& campaign);

}  // namespace squall::coordinator
