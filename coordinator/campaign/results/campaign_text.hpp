#pragma once
// A campaign's report for people: on a terminal, and as Markdown.

#include <cstddef>
#include <string>

#include "coordinator/campaign/results/campaign_results.hpp"

namespace squall::coordinator {

struct CampaignTextStyle {
  bool colour = false;
  std::size_t width = 100;
};

std::string campaign_text(const CampaignResults& results, const CampaignTextStyle& style);

/// What others wrote stays text: nothing of it is markup.
std::string campaign_markdown(const CampaignResults& results);

}  // namespace squall::coordinator
