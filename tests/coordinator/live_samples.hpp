#pragma once
// Live statuses for the tests of views: of a run that goes well, and of a large one in trouble.

#include "coordinator/live/live_status.hpp"

namespace squall::tests {

/// 20 arrivals a second on two agents, 21 s into the run.
coordinator::LiveStatus healthy_status();

/// A thousand agents, closed model, 3 minutes into a run of 5: one lost, one silent, one paused;
/// names, errors and news of strangers hold escape codes.
coordinator::LiveStatus large_status();

}  // namespace squall::tests
