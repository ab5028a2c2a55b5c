#pragma once
// A run's single requests as a table, from the records in its journal: exact to the nanosecond.

#include <string>
#include <vector>

#include "actors/metrics/request_record.hpp"
#include "coordinator/report/reading/reported_run.hpp"

namespace squall::coordinator {

struct KeptRequest {
  std::uint32_t agent = 0;  // its number in the run
  actors::RequestRecord record;
};

/// A row for each request that ended, warm-up included; times in seconds, `scheduled` since the
/// common start. `categories` are the scenario's, by number.
std::string csv_of_requests(const ReportedRun& run, const std::vector<KeptRequest>& requests,
                            const std::vector<std::string>& categories);

}  // namespace squall::coordinator
