#pragma once
// What a report is made from: a stored run, a run's folder or a JSON report, found by the name that
// somebody typed.

#include <optional>
#include <string>
#include <vector>

#include "coordinator/report/formats/interval_histograms.hpp"
#include "coordinator/report/run_report.hpp"
#include "coordinator/store_commands/stored_record.hpp"

namespace squall::coordinator {

struct ReportSource {
  std::string name;                 // for messages: "run 20261121-…", "old/report.json"
  std::string json;                 // the JSON report
  std::optional<RunReport> report;  // where a journal told the run; `json` is made from it then
  std::string why_no_report;        // else: "no journal was stored with it"
  // Where they were asked for, and a journal told them.
  std::vector<IntervalHistograms::Interval> intervals;
  std::vector<KeptRequest> requests;
  std::vector<std::string> categories;  // of the scenario
};

struct SourceQuestion {
  std::string run;           // RUN, last, last~2, tag:NAME, a folder, FILE.json
  std::string store, state;  // as on the command line
  Replay what = Replay::record;
};

/// Throws StoreError, RunFolderError, UsageError.
ReportSource find_report(const SourceQuestion& question);

}  // namespace squall::coordinator
