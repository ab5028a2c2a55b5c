#pragma once
// The part of the command line that is about campaigns.

#include <memory>
#include <optional>

namespace CLI {
class App;
}

namespace squall::coordinator {

/// Holds what the options were given; must outlive the parsing.
class CampaignLine {
 public:
  explicit CampaignLine(CLI::App& app);
  ~CampaignLine();
  CampaignLine(const CampaignLine&) = delete;
  CampaignLine& operator=(const CampaignLine&) = delete;

  /// Does what was asked, when it was ours, and returns the exit code. Throws as campaign_command()
  /// and its queries do.
  std::optional<int> perform();

 private:
  struct Orders;
  std::unique_ptr<Orders> orders_;
};

}  // namespace squall::coordinator
