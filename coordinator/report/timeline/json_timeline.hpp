#pragma once
// The course of a run as JSON: each second in numbers, and how latencies were distributed over
// time.

#include <nlohmann/json_fwd.hpp>

#include "coordinator/report/run_report.hpp"

namespace squall::coordinator {

/// One object a second, beside what the scenario planned for it.
nlohmann::ordered_json timeline_json(const std::vector<TimelinePoint>& points,
                                     const scenarios::Scenario& scenario);

/// {"stretch": seconds, "edges": [seconds], "from": [seconds], "ttft": [[bucket, count, bucket,
/// count, …]], "tpot", "e2e"}: a list for each stretch; bucket i is [edges[i], edges[i + 1]).
nlohmann::ordered_json latency_course_json(const LatencyCourse& course);

}  // namespace squall::coordinator
