#pragma once
// The audit's questions to the pace: was every request sent when the scenario meant it to be?

#include <vector>

#include "coordinator/run/audit.hpp"

namespace squall::coordinator {

std::vector<AuditLine> schedule_audit(const RunRecord& record);

/// While the run goes on: how late requests are, and for an open load whether as many came due as
/// the shape lets one expect by now. Arrivals are random, so that never fails, it only warns.
std::vector<AuditLine> schedule_audit_so_far(const RunRecord& record);

}  // namespace squall::coordinator
