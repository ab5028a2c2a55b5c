#pragma once
// Makes the missing runs of a round, one after the other, writes down how each ended, and stops
// when the rules say so. What touches the world is handed in, so that tests can do without it.

#include <functional>
#include <string>
#include <vector>

#include "coordinator/campaign/course/campaign_course.hpp"
#include "coordinator/campaign/file/campaign_cells.hpp"

namespace squall::coordinator {

/// What a round needs of the world.
struct CampaignHands {
  /// Runs a cell once and says how it ended; `progress` is told while it goes on. Never throws for
  /// a run that failed.
  std::function<RunEnded(const CampaignCell& cell, const std::string& progress)> run;
  std::function<void(const RunEnded&)> write_down;
  /// Whether the store still has a run as finished.
  std::function<bool(const std::string& run)> stored;
  std::function<nanoseconds()> now;       // of a clock that never goes back
  std::function<bool(nanoseconds)> rest;  // false: interrupted meanwhile
  std::function<bool()> interrupted;
  /// Is the cell, whose runs are all there, certainly worse than what was accepted?
  std::function<bool(const CampaignCell&)> got_worse;
};

/// What is to be run.
struct CampaignRound {
  unsigned number = 1;
  std::vector<CampaignCell> cells;
  unsigned repeats = 1;
  CampaignOrder order = CampaignOrder::as_written;
  std::uint64_t seed = 1;
  CourseRules rules{};
};

struct RoundOutcome {
  bool interrupted = false;
  std::string why_stopped;  // empty: it went to its end
  std::size_t made = 0;     // runs that were begun now
  std::size_t missing = 0;  // that have no result yet
};

/// The round's course with what the journal says was done. Runs that the store has no more are
/// missing again.
CampaignCourse course_of(const CampaignRound& round, const CampaignJournal& journal,
                         const std::function<bool(const std::string&)>& stored);

RoundOutcome conduct_round(const CampaignRound& round, const CampaignJournal& journal,
                           const CampaignHands& hands);

/// How a round differs from what its journal says of it, in sentences; empty: it does not.
std::vector<std::string> changes_since(const RoundBegun& before, const CampaignRound& now);

RoundBegun beginning_of(const CampaignRound& round, const CampaignFile& campaign,
                        const std::string& at);

}  // namespace squall::coordinator
