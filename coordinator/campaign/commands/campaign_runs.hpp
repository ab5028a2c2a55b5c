#pragma once
// The runs of a campaign as processes and in the store: starts them, tags them, finds them again,
// and holds cells against their accepted runs.

#include <functional>
#include <string>

#include "coordinator/campaign/commands/progress_line.hpp"
#include "coordinator/campaign/course/campaign_conduct.hpp"
#include "coordinator/campaign/results/campaign_results.hpp"
#include "coordinator/compare/run_selection.hpp"

namespace squall::coordinator {

/// Where children keep their runs.
struct RunPlaces {
  std::string store, state;          // as the command line had them
  std::vector<std::string> options;  // of every run
  std::filesystem::path folder;      // of the campaign, for scenarios that it made
  std::string tag;                   // of all its runs
};

class CampaignRuns {
 public:
  CampaignRuns(RunPlaces places, ProgressLine& progress);

  /// `squall run` in a process of its own. `interrupted` is asked all the time.
  RunEnded run(const CampaignCell& cell, const std::string& progress,
               const std::function<bool()>& interrupted);
  /// The store has it, finished.
  bool stored(const std::string& run);

  /// Figures of the newest round's runs, and each cell against its accepted runs.
  ResultSources sources_of(const CampaignJournal& journal, const ComparisonOptions& gates);
  /// None: nothing was accepted, or what was accepted are these very runs.
  std::optional<RunComparison> against_accepted(const JournalCell& cell,
                                                std::vector<RunFigures> runs,
                                                const ComparisonOptions& gates);
  /// The newest round's runs of each cell become those that later rounds are held against. Returns
  /// the number of cells. Throws UsageError when a cell has failed, unusable or no runs.
  std::size_t accept(const CampaignJournal& journal, bool accept_failed);
  bool any_accepted(const CampaignJournal& journal);

 private:
  std::vector<std::string> arguments_of(const CampaignCell& cell) const;
  void tag(const CampaignCell& cell, const std::string& run);

  RunPlaces places_;
  ProgressLine& progress_;
  RunSelection selection_;
};

/// Complete runs of one cell of a round, in order of their repeats.
std::vector<std::string> runs_of_cell(const CampaignJournal& journal, unsigned round,
                                      const std::string& identity);

}  // namespace squall::coordinator
