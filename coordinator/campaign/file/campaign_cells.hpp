#pragma once
// The cells of a campaign: each combination of variants and axes that is not left out, as the
// scenario that it runs. A cell is known by what it runs, not by its place, so that a campaign that
// was changed knows which of its runs still count.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "coordinator/campaign/file/campaign_file.hpp"

namespace squall::coordinator {

struct CampaignCell {
  std::string label;     // "users=4, model=synthetic:llama-15m/q8_0"
  std::string tag;       // of its runs in the store, and of its accepted runs: "chat.users-4"
  std::string identity;  // of the text that is run and the options
  std::string scenario;  // the file
  std::vector<std::string> settings;  // as --set takes them
  std::string derived;  // where tables are replaced: the whole text, settings included; else empty
  std::map<std::string, std::string> values;  // "users" -> "4"; variants are an axis, too
  std::map<std::string, double> numbers;      // those that are numbers
  nanoseconds planned{0};                     // warm-up and measured phase
};

/// Gives the text of a scenario file. May throw.
using ReadScenario = std::function<std::string(const std::string& file)>;

/// In the order of the file, the last axis changing fastest. `scenario` is that of the command
/// line, empty when none was given; those in the file are looked for from `folder`. Every cell is
/// parsed: throws scenarios::ScenarioError with the mistakes of all, at the values that make them.
std::vector<CampaignCell> cells_of(const CampaignFile& campaign, const std::string& folder,
                                   const std::string& scenario, const ReadScenario& read);

/// The campaign's name, as stores and folders take it: letters, digits and '-'.
std::string slug_of(const std::string& name);

}  // namespace squall::coordinator
