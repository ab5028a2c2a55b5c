#pragma once
// The append-only file that a campaign's course is kept in: one JSON object a line, each written
// through to the disk before the next run begins. A line that a crash tore is no line.
//
//   STATE/campaigns/NAME/journal    rounds and runs, as they began and ended
//   STATE/campaigns/NAME/*.toml     scenarios that the campaign made of others
//   STATE/campaigns/NAME/running    locked by a campaign that is at work, and by its runs

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "coordinator/campaign/course/campaign_journal.hpp"

namespace squall::coordinator {

/// A file that cannot be read or written. The message names it and the remedy.
struct CampaignStateError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// STATE/campaigns/NAME.
std::filesystem::path campaign_folder(const std::filesystem::path& state, const std::string& slug);

/// Empty where there is none. Throws CampaignStateError for a file that is damaged before its end.
CampaignJournal read_campaign_journal(const std::filesystem::path& folder);

/// Writes to the journal of a folder, which it makes. One owner.
class CampaignJournalFile {
 public:
  explicit CampaignJournalFile(const std::filesystem::path& folder);
  ~CampaignJournalFile();
  CampaignJournalFile(const CampaignJournalFile&) = delete;
  CampaignJournalFile& operator=(const CampaignJournalFile&) = delete;

  void append(const RoundBegun& round);
  void append(const RunEnded& run);

 private:
  void append_line(const std::string& line);

  std::string path_;
  int file_ = -1;
};

/// How a run ended, of its JSON report: id, outcome, why, banners. Throws ReportUnreadable
/// (coordinator/compare/run_figures.hpp) for anything else.
RunEnded ending_of_report(const std::string& report);

}  // namespace squall::coordinator
