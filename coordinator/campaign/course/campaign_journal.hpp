#pragma once
// What a campaign has done so far, in memory: rounds, and the runs that ended in each. The file
// that outlasts a crash is json_campaign_file.hpp's.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace squall::coordinator {

using std::chrono::nanoseconds;

/// A cell, as reports need it when its campaign's file is no more.
struct JournalCell {
  std::string identity, label, tag;
  std::map<std::string, std::string> values;
  std::map<std::string, double> numbers;
  bool operator==(const JournalCell&) const = default;
};

/// A round begins: all of its cells, so many times each. The same round again: the campaign's file
/// was changed in the middle of it.
struct RoundBegun {
  unsigned round = 1;  // from 1
  std::string at;      // UTC
  std::string campaign, description, file;
  std::vector<JournalCell> cells;
  unsigned repeats = 1;
};

/// A run ended. Without an id it left no report, and does not count as done.
struct RunEnded {
  unsigned round = 1;
  std::string cell;  // identity
  std::string label;
  unsigned repeat = 1;
  std::string run;                   // its id in the store
  std::string outcome;               // "pass", "fail", …; "broken": no report
  std::string why;                   // the verdict's sentence, or what it said as it broke
  std::vector<std::string> banners;  // that its report carries
  int exit_code = 0;
  nanoseconds length{0};
  std::string at;

  /// It measured to its end; whether the store still has it is another question.
  bool complete() const { return !run.empty() && outcome != "interrupted"; }
  /// Missed its thresholds, was invalid, or broke.
  bool failed() const { return outcome == "fail" || outcome == "invalid" || outcome == "broken"; }
};

struct CampaignJournal {
  std::vector<RoundBegun> rounds;  // the last of each number counts
  std::vector<RunEnded> runs;

  /// The newest; null before the first.
  const RoundBegun* newest() const { return rounds.empty() ? nullptr : &rounds.back(); }
  /// When its first run might begin, whatever was changed since; empty: no such round.
  std::string began_at(unsigned round) const;
  /// Complete runs of a round.
  std::vector<const RunEnded*> complete_runs(unsigned round) const;
};

}  // namespace squall::coordinator
