#pragma once
// A simulated fleet for people, on a terminal.

#include <string>

#include "coordinator/fleet/output/fleet_prediction.hpp"

namespace squall::coordinator {

std::string fleet_text(const FleetPrediction& prediction, std::size_t width, bool colour);

}  // namespace squall::coordinator
