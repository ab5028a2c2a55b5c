#pragma once
// What the verdict will rest on, as lights while the run goes on: the audit's questions that can be
// asked before the end, and the thresholds by what was measured so far. Nothing here decides
// anything: the run is judged when it is over.

#include <string>
#include <vector>

#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

enum class Light : unsigned char {
  open,   // not judged yet: too little was measured
  good,   // holds so far
  near,   // holds, or cannot be told yet, but near the limit
  broken  // missed by what was measured so far
};

struct LiveLight {
  std::string name;  // "dispatch delay", "ttft p95 < 300ms"
  Light light = Light::open;
  std::string measured;     // "p99 0.21 ms"; empty: nothing yet
  std::string limit;        // audit lines: "at most 1.00 ms"
  std::string explanation;  // why it is near or broken, or what is missing
};

/// "open", "good", "near", "broken"
const char* name_of(Light light);

/// A threshold is near when this share more of what was measured, or less, would miss it.
inline constexpr double near_limit = 0.1;

std::vector<LiveLight> audit_lights(const RunRecord& record);
std::vector<LiveLight> threshold_lights(const RunRecord& record);

}  // namespace squall::coordinator
