#pragma once
// A run as its journal tells it, computed again by this release: for whoever shows or reports a run
// that is over.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/report/formats/csv_requests.hpp"
#include "coordinator/report/formats/interval_histograms.hpp"
#include "coordinator/run/run_record.hpp"
#include "coordinator/store/run_store.hpp"

namespace squall::coordinator {

struct ReplayedRun {
  RunRecord record;
  // Empty unless asked for. A run with more than ExactDurations::requests_limit requests has none.
  std::vector<IntervalHistograms::Interval> intervals;
  std::vector<KeptRequest> requests;
};

enum class Replay { record, record_and_intervals, record_and_requests };

/// Empty, with the reason in `why`, where the journal does not tell the whole run, or was written
/// by another release: "its journal is of another release".
std::optional<ReplayedRun> replay_journal(const std::filesystem::path& journal, Replay what,
                                          std::string& why);

/// Of a finished run in the store. Throws StoreError.
std::optional<ReplayedRun> replay_stored(const RunStore& store, const StoredRun& run, Replay what,
                                         std::string& why);

}  // namespace squall::coordinator
