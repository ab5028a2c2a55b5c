#pragma once
// Everything about a run for programs: schema "squall-run/4". Durations are in seconds (histograms
// in their own buckets); what is undefined is null, never 0 and never NaN. The only unit that knows
// nlohmann/json, but for json_campaign.

#include <string>

#include "coordinator/report/run_report.hpp"

namespace squall::coordinator {

/// `report` was made from `record`, which adds the scenario's text.
std::string json_report(const RunReport& report, const RunRecord& record);

}  // namespace squall::coordinator
