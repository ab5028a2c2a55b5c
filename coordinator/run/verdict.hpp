#pragma once
// The last word on a run: one outcome, why in one sentence, and the exit code that says it to
// scripts. Invalid outranks failed, failed outranks inconclusive, inconclusive outranks passed.

#include <string>
#include <vector>

#include "coordinator/run/audit.hpp"
#include "coordinator/run/threshold_result.hpp"

namespace squall::coordinator {

enum class Outcome {
  pass,
  fail,          // a threshold was missed
  inconclusive,  // a threshold needs more samples
  invalid,       // the tool, not the target, was the limit; or not everything is accounted for
  interrupted    // stopped by the user: the figures are partial, and never a pass
};

struct Verdict {
  Outcome outcome = Outcome::invalid;
  int exit_code = 13;
  std::string sentence;  // "2 of 3 thresholds missed: ttft p95 < 300ms; …"
};

Verdict judge(const RunRecord& record, const std::vector<AuditLine>& audit,
              const std::vector<ThresholdResult>& thresholds);

/// "PASS", "FAIL", "INCONCLUSIVE", "INVALID", "INTERRUPTED".
std::string name_of(Outcome outcome);

/// docs/measurement.md, section 7.
int exit_code_of(Outcome outcome);

}  // namespace squall::coordinator
