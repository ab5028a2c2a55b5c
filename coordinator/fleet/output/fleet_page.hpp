#pragma once
// A simulated fleet as an HTML page of one file.

#include <string>

#include "coordinator/fleet/output/fleet_prediction.hpp"

namespace squall::coordinator {

std::string fleet_page(const FleetPrediction& prediction);

}  // namespace squall::coordinator
