#include "coordinator/campaign/commands/campaign_output.hpp"

#include <algorithm>
#include <cstdio>

#include "coordinator/campaign/results/campaign_page.hpp"
#include "coordinator/campaign/results/campaign_text.hpp"
#include "coordinator/campaign/results/json_campaign_results.hpp"
#include "coordinator/live/terminal.hpp"

namespace squall::coordinator {

CampaignOutput::CampaignOutput(const Files& files)
    : html_(files.html), markdown_(files.markdown), json_(files.json) {}

int CampaignOutput::show(const CampaignResults& results) {
  const std::size_t width = std::clamp<std::size_t>(terminal_width(stdout), 110, 160);
  const std::string text =
      campaign_text(results, {.colour = colour_wanted(stdout), .width = width});
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  bool written = true;
  if (html_.wanted()) written = html_.write(campaign_page(results)) && written;
  if (markdown_.wanted()) written = markdown_.write(campaign_markdown(results)) && written;
  if (json_.wanted()) written = json_.write(json_campaign_results(results)) && written;
  return written || results.exit_code != 0 ? results.exit_code : 1;
}

}  // namespace squall::coordinator
