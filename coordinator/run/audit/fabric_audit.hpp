#pragma once
// The audit's questions to the fabric: who stayed to the end, who was without the coordinator's
// lease and for how long, and was ever more asked than was planned?

#include <string>
#include <vector>

#include "coordinator/run/audit.hpp"

namespace squall::coordinator {

/// Whether the scenario allows to lose as many agents as were lost, and others took all of their
/// work. True where none was lost.
bool losses_are_tolerated(const RunRecord& record);

/// "agent-2 is known until 12.0 s (batch 12)"; empty where none was lost.
std::string losses_in_words(const RunRecord& record);

std::vector<AuditLine> fabric_audit(const RunRecord& record);

/// While the run goes on: who was lost, who was without a lease, and was more sent than is planned?
std::vector<AuditLine> fabric_audit_so_far(const RunRecord& record);

}  // namespace squall::coordinator
