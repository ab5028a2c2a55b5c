#pragma once
// What a campaign would run, in which order and for how long; runs nothing.

#include "coordinator/campaign/course/campaign_conduct.hpp"

namespace squall::coordinator {

/// Prints the list. Returns 0.
int show_dry_run(const CampaignRound& round, const CampaignCourse& course,
                 const CampaignJournal& journal);

}  // namespace squall::coordinator
