#pragma once
// The audit's questions to the ledger: do the counts of every agent balance, did the coordinator
// keep what the agents sealed, and is every planned request accounted for?

#include <vector>

#include "coordinator/run/audit.hpp"

namespace squall::coordinator {

std::vector<AuditLine> ledger_audit(const RunRecord& record);

/// What must hold of the kept counts at any moment, as one line.
std::vector<AuditLine> ledger_audit_so_far(const RunRecord& record);

}  // namespace squall::coordinator
