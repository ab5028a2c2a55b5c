#include "coordinator/live/live_lights.hpp"

#include <cassert>

#include "coordinator/run/audit.hpp"
#include "coordinator/run/threshold_result.hpp"

namespace squall::coordinator {

namespace {

Light light_of(AuditStatus status) {
  switch (status) {
    case AuditStatus::passed:
      return Light::good;
    case AuditStatus::warning:
      return Light::near;
    case AuditStatus::failed:
      return Light::broken;
    case AuditStatus::not_applicable:
    case AuditStatus::not_enough:
      return Light::open;
  }
  assert(false);
  return Light::open;
}

/// Beyond the limit, or so near that a little more would be.
bool is_near(const scenarios::Threshold& threshold, double measured) {
  if (threshold.is_upper()) return !threshold.holds(measured * (1 + near_limit));
  const auto kind = scenarios::describe(threshold.metric).kind;
  // Of a share that may hardly be missed, what misses it counts: 96 % leaves 90 % much room.
  if (kind == scenarios::MetricKind::fraction)
    return !threshold.holds(1 - (1 - measured) * (1 + near_limit));
  return !threshold.holds(measured * (1 - near_limit));
}

Light light_of(const ThresholdResult& result) {
  if (result.status == ThresholdStatus::fail) return Light::broken;
  if (result.measured && is_near(result.threshold, *result.measured)) return Light::near;
  return result.status == ThresholdStatus::pass ? Light::good : Light::open;
}

}  // namespace

const char* name_of(Light light) {
  switch (light) {
    case Light::open:
      return "open";
    case Light::good:
      return "good";
    case Light::near:
      return "near";
    case Light::broken:
      return "broken";
  }
  assert(false);
  return "";
}

std::vector<LiveLight> audit_lights(const RunRecord& record) {
  std::vector<LiveLight> lights;
  for (AuditLine& line : audit_so_far(record)) {
    if (line.status == AuditStatus::not_applicable) continue;
    lights.push_back({std::move(line.name), light_of(line.status), std::move(line.measured),
                      std::move(line.limit), std::move(line.explanation)});
  }
  return lights;
}

std::vector<LiveLight> threshold_lights(const RunRecord& record) {
  std::vector<LiveLight> lights;
  for (const ThresholdResult& result : judge_thresholds(record))
    lights.push_back({result.threshold.text, light_of(result), measured_in_words(result), "",
                      result.explanation});
  return lights;
}

}  // namespace squall::coordinator
