#pragma once
// A simulated fleet for programs: schema "squall-fleet/1". Times are in seconds.

#include <string>

#include "coordinator/fleet/output/fleet_prediction.hpp"

namespace squall::coordinator {

std::string fleet_json(const FleetPrediction& prediction);

}  // namespace squall::coordinator
