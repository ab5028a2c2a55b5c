#pragma once
// The audit's questions to the load generator: had the agents time and strength for this load?

#include <vector>

#include "coordinator/run/audit.hpp"

namespace squall::coordinator {

std::vector<AuditLine> generator_audit(const RunRecord& record);

}  // namespace squall::coordinator
