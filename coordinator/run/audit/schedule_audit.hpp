#pragma once
// The audit's questions to the pace: was every request sent when the scenario meant it to be?

#include <vector>

#include "coordinator/run/audit.hpp"

namespace squall::coordinator {

std::vector<AuditLine> schedule_audit(const RunRecord& record);

}  // namespace squall::coordinator
