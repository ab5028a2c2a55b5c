#pragma once
// The figures of a run by which runs are listed, compared and followed over time: one number each,
// and why a figure that others have is not there.

#include <map>
#include <string>

#include "coordinator/report/reading/reported_run.hpp"

namespace squall::coordinator {

struct ReportFigures {
  // "tokens_per_second", "requests_per_second", "mean_in_flight", "error_rate", "accuracy"; and
  // "ttft_p50", "e2e_p99.9", "tpot_mean" of every duration of the measured phase. Seconds, per
  // second, 0..1. What a run does not have, withholds for want of samples, or knows only as "at
  // least", is not in it.
  std::map<std::string, double> figures;
  // Why, and what to do, of percentiles: "p99: insufficient (…); measure longer".
  std::map<std::string, std::string> withheld;
  std::map<std::string, double> at_least;  // of those withheld, where a lower bound is known
};

/// What to do about figures that are known only as "at least".
inline constexpr const char* remedy_for_bounds =
    "give requests more time to be answered, or the target less load";

ReportFigures figures_of(const ReportedRun& run);

/// Whether a run that ended so was measured as it should be: passed, failed, or inconclusive.
bool has_usable_figures(const std::string& outcome);

}  // namespace squall::coordinator
