#pragma once
// The part of the JSON report on resources and bottleneck; docs/resources.md has its keys.

#include <nlohmann/json_fwd.hpp>

#include "coordinator/report/resources/resource_report.hpp"

namespace squall::coordinator {

/// {"bottleneck": …, "agents": […]}; what was not told is null.
nlohmann::ordered_json resources_json(const ResourceReport& report);

}  // namespace squall::coordinator
