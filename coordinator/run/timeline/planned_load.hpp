#pragma once
// The load that a scenario plans for a stretch of the run, to be shown beside what came of it.

#include <chrono>
#include <optional>

#include "scenarios/schema/scenario.hpp"

namespace squall::coordinator {

using std::chrono::nanoseconds;

struct PlannedLoad {
  std::optional<double> users;     // closed model: at work, mean over the stretch
  std::optional<double> arrivals;  // open model: expected in the stretch
};

/// Of [from, to), since the common start, of all agents together; 0 once the load has ended.
/// Neither for a trace: only its file tells when its requests come.
PlannedLoad planned_load(const scenarios::Scenario& scenario, nanoseconds from, nanoseconds to);

}  // namespace squall::coordinator
