#pragma once
// One request on its way from a user to a target. Plain data.

#include <cstdint>

#include "actors/metrics/request_timeline.hpp"
#include "scenarios/load/load_plan.hpp"
#include "scenarios/load/prompt.hpp"

namespace squall::actors {

struct LoadRequest {
  std::uint64_t id = 0;  // unique within the agent; comes back in the timeline
  Phase phase = Phase::measure;
  Instant scheduled;          // intended start
  Instant dispatched;         // the target stamps it when it hands the request on
  Instant deadline;           // of the whole, retries included: then it has timed out
  std::uint32_t attempt = 1;  // from 1; more where it is tried again after a failure
  scenarios::RequestPlan plan;
  scenarios::Prompt prompt;
  bool keep_answer = false;  // the timeline brings the answer's text back
  bool greedy = false;       // whatever temperature the scenario has
};

}  // namespace squall::actors
