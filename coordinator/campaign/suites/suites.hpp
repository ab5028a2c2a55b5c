#pragma once
// Campaigns that need no file: each puts any scenario through one kind of test.

#include <string>
#include <vector>

#include "coordinator/campaign/file/campaign_file.hpp"

namespace squall::coordinator {

struct SuiteText {
  std::string name;
  std::string text;  // scenarios/suites/NAME.toml, embedded at build time
};

const std::vector<SuiteText>& suite_texts();

/// Throws UsageError for a name that there is none of.
CampaignFile suite(const std::string& name);

/// "latency, throughput, …".
std::string names_of_suites();

}  // namespace squall::coordinator
