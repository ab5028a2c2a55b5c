#pragma once
// The moment of a run as its state machine knows it, for live views: the stage, who is there, and
// how each agent does.

#include "coordinator/live/live_status.hpp"
#include "coordinator/run/run_phases.hpp"

namespace squall::coordinator {

LiveMoment live_moment(const RunPhases& phases, actors::Instant now);

}  // namespace squall::coordinator
