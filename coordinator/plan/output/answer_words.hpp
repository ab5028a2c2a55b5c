#pragma once
// The answers of a capacity plan as sentences.

#include <string>
#include <vector>

#include "coordinator/plan/answers/capacity_answers.hpp"

namespace squall::coordinator {

/// What a reader came for, one sentence each.
std::vector<std::string> answer_words(const CapacityPlan& plan, const CapacityFindings& findings,
                                      const std::optional<CapacityAnswers>& answers,
                                      const PlanQuestions& questions);

/// Where throughput is greatest, and whether that was measured.
std::string peak_words(const ScalingLaw& law);
/// The knee and what bounds it.
std::string knee_words(const CapacityPlan& plan, const CapacityFindings& findings);

std::string headroom_words(const Headroom& headroom, LoadKind kind, double growth);

/// The number alone: "1,234" users, "12.3" requests/s.
std::string plain_load(double load, LoadKind kind);

const char* name_of(ProbeJudgement judgement);  // "pass", "fail", "undecided", "invalid"

}  // namespace squall::coordinator
