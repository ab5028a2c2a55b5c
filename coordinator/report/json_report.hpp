#pragma once
// Everything about a run for programs: schema "squall-run/5". Durations are in seconds (histograms
// in their own buckets); what is undefined is null, never 0 and never NaN. Its parts:
// json_campaign, json_resources, json_timeline.

#include <string>

#include "coordinator/report/run_report.hpp"

namespace squall::coordinator {

/// `report` was made from `record`, which adds the scenario's text.
std::string json_report(const RunReport& report, const RunRecord& record);

}  // namespace squall::coordinator
