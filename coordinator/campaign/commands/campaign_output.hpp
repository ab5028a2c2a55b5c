#pragma once
// Where a campaign's report goes: the terminal, and the files that were asked for.

#include <string>

#include "coordinator/campaign/results/campaign_results.hpp"
#include "coordinator/commands/report_file.hpp"

namespace squall::coordinator {

class CampaignOutput {
 public:
  struct Files {
    std::string html{}, markdown{}, json{};
  };
  /// Opens the files, so that a mistyped path is found before hours are spent. Throws UsageError.
  explicit CampaignOutput(const Files& files);

  /// Returns the exit code of the results; 1 when a file would not take it and all else is well.
  int show(const CampaignResults& results);

 private:
  ReportFile html_, markdown_, json_;
};

}  // namespace squall::coordinator
