#include "coordinator/report/timeline/json_timeline.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "coordinator/run/timeline/planned_load.hpp"

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json number(const std::optional<double>& value) { return value ? number(*value) : json(nullptr); }

double seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

json to_json(const LatencyQuantiles& quantiles) {
  const bool any = quantiles.count > 0;
  return {{"count", quantiles.count},
          {"p50", any ? json(seconds(quantiles.p50)) : json(nullptr)},
          {"p95", any ? json(seconds(quantiles.p95)) : json(nullptr)},
          {"p99", any ? json(seconds(quantiles.p99)) : json(nullptr)}};
}

json to_json(const TimelinePoint& point, const PlannedLoad& planned) {
  return {{"at", seconds(point.at)},
          {"agents", point.agents},
          {"planned_users", number(planned.users)},
          {"planned_arrivals", number(planned.arrivals)},
          {"starts", point.starts},
          {"tokens", point.tokens},
          {"answers", point.answers},
          {"errors", point.errors},
          {"tokens_per_second", number(point.tokens_per_second)},
          {"answers_per_second", number(point.answers_per_second)},
          {"in_flight", number(point.in_flight)},
          {"active_users", point.active_users},
          {"loop_lag", seconds(point.loop_lag)},
          {"process_cpu", seconds(point.process_cpu)},
          {"engine_cpu", seconds(point.engine_cpu)},
          {"ttft", to_json(point.ttft)},
          {"tpot", to_json(point.tpot)},
          {"e2e", to_json(point.e2e)}};
}

/// Flat: an hour of pairs in brackets of their own would be twice as long.
json counts_json(const CoarseHistogram& histogram) {
  json flat = json::array();
  for (const auto& [bucket, count] : histogram.counts()) {
    flat.push_back(bucket);
    flat.push_back(count);
  }
  return flat;
}

json edges_json(const LatencyCourse& course) {
  std::uint32_t buckets = 0;
  for (const auto& [second, stretch] : course.stretches())
    for (const CoarseHistogram* each : {&stretch.ttft, &stretch.tpot, &stretch.e2e})
      if (!each->counts().empty()) buckets = std::max(buckets, each->counts().back().first + 1);
  json edges = json::array();
  for (std::uint32_t i = 0; i <= buckets; ++i) edges.push_back(seconds(CoarseHistogram::edge(i)));
  return edges;
}

}  // namespace

json timeline_json(const std::vector<TimelinePoint>& points, const scenarios::Scenario& scenario) {
  json list = json::array();
  for (const TimelinePoint& point : points)
    list.push_back(
        to_json(point, planned_load(scenario, point.at, point.at + std::chrono::seconds(1))));
  return list;
}

json latency_course_json(const LatencyCourse& course) {
  json from = json::array(), ttft = json::array(), tpot = json::array(), e2e = json::array();
  for (const auto& [second, stretch] : course.stretches()) {
    from.push_back(static_cast<double>(second));
    ttft.push_back(counts_json(stretch.ttft));
    tpot.push_back(counts_json(stretch.tpot));
    e2e.push_back(counts_json(stretch.e2e));
  }
  return {{"stretch", static_cast<double>(course.seconds_a_stretch())},
          {"edges", edges_json(course)},
          {"from", std::move(from)},
          {"ttft", std::move(ttft)},
          {"tpot", std::move(tpot)},
          {"e2e", std::move(e2e)}};
}

}  // namespace squall::coordinator
