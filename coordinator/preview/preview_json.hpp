#pragma once
// The planned load for programs: schema "squall-preview/1". Times are in seconds.

#include <string>

#include "coordinator/preview/load_preview.hpp"

namespace squall::coordinator {

std::string preview_json(const scenarios::Scenario& scenario, const LoadPreview& preview);

}  // namespace squall::coordinator
