#pragma once
// Whether the records of single requests and the histograms, which came by different ways, tell the
// same.

#include <optional>

#include "coordinator/run/audit.hpp"

namespace squall::coordinator {

/// None where the records were not looked at: the run is not over, or has too many of them.
std::optional<AuditLine> exact_records(const RunRecord& record);

}  // namespace squall::coordinator
