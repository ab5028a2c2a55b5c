#pragma once
// The part of the text summary that tells how the agents of a run fared together.

#include <string>
#include <vector>

#include "coordinator/report/campaign_report.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

/// Where agents connected, how that was secured, and each of them: host, labels, share, fate. Empty
/// where there is nothing to tell.
TextTable members_table(const CampaignReport& campaign);

/// What happened to the fabric, one sentence each, in no need of colour to be understood; texts of
/// agents are made printable. Empty when all went well.
std::vector<std::string> campaign_sentences(const CampaignReport& campaign);

}  // namespace squall::coordinator
