#pragma once
// What `squall campaign` was asked, and what follows from it: the campaign and its cells.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/campaign/file/campaign_cells.hpp"

namespace squall::coordinator {

/// As on the command line; empty: not given.
struct CampaignOptions {
  std::string file{};      // of a campaign
  std::string suite{};     // or a ready-made one, of the scenario `file`
  std::string scenario{};  // of a campaign that names none, or another than it names
  std::string model{}, url{}, server_model{};
  std::vector<std::string> settings{};
  std::optional<unsigned> repeats{};
  bool dry_run = false;
  bool fresh = false;   // a new round, whatever was done
  bool next = false;    // a new round, once the last one is complete
  bool resume = false;  // there must be something to go on with
  std::string every{};  // "24h"
  std::string html{}, markdown{}, json{};
  std::string store{}, state{};
};

struct LoadedCampaign {
  CampaignFile campaign;
  std::vector<CampaignCell> cells;
  std::string slug;
  std::filesystem::path folder;  // of its state
};

/// Reads and checks everything; runs nothing. Throws UsageError, scenarios::ScenarioError,
/// RunFolderError.
LoadedCampaign load_campaign(const CampaignOptions& options);

}  // namespace squall::coordinator
