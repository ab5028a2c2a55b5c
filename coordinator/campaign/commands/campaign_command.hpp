#pragma once
// `squall campaign`: makes the runs of a campaign that are missing, and tells what all of them
// found.

#include <string>

#include "coordinator/campaign/commands/campaign_options.hpp"

namespace squall::coordinator {

/// Progress goes to standard error, the report to standard output. Returns the worst of its runs
/// (docs/campaigns.md). Throws UsageError, scenarios::ScenarioError, CampaignStateError,
/// StoreError, RunFolderError, SelectionError.
int campaign_command(const CampaignOptions& options);

/// Of `squall campaign report`, `accept` and `list`.
struct CampaignQuery {
  std::string name{};  // of a campaign, or its file
  std::string html{}, markdown{}, json{};
  bool accept_failed = false;
  std::string store{}, state{};
};

/// What was found so far; runs nothing.
int campaign_report_command(const CampaignQuery& query);
/// The newest round's runs become those that later rounds are held against.
int campaign_accept_command(const CampaignQuery& query);
int campaign_list_command(const CampaignQuery& query);

}  // namespace squall::coordinator
