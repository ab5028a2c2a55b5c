#include "coordinator/run/verdict.hpp"

#include <algorithm>
#include <cassert>

#include "coordinator/run/audit/fabric_audit.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

std::vector<std::string> failed_lines(const std::vector<AuditLine>& audit) {
  std::vector<std::string> names;
  for (const auto& line : audit)
    if (line.status == AuditStatus::failed) names.push_back(line.name);
  return names;
}

std::vector<std::string> texts(const std::vector<ThresholdResult>& thresholds,
                               ThresholdStatus status) {
  std::vector<std::string> names;
  for (const auto& result : thresholds)
    if (result.status == status) names.push_back(result.threshold.text);
  return names;
}

std::uint64_t measured_answers(const RunRecord& record) {
  return record.timeline.total(actors::Phase::measure).ledger.ok;
}

Verdict conclude(Outcome outcome, std::string sentence) {
  return {outcome, exit_code_of(outcome), std::move(sentence)};
}

/// " at 0:12 because 'ttft p95 < 300ms for 5s, else abort' was missed from 0:07 to 0:12: …"
std::string why_aborted(const RunAborted& aborted) {
  return " at " + readable_clock(aborted.at) + " because '" + aborted.threshold +
         "' was missed from " + readable_clock(aborted.from) + " to " + readable_clock(aborted.to) +
         ": " + aborted.why;
}

Verdict judge_thresholds_alone(const std::vector<ThresholdResult>& thresholds) {
  const auto missed = texts(thresholds, ThresholdStatus::fail);
  const auto open = texts(thresholds, ThresholdStatus::inconclusive);
  const std::string of_all = " of " + plural(thresholds.size(), "threshold");
  if (!missed.empty())
    return conclude(Outcome::fail,
                    readable_count(missed.size()) + of_all + " missed: " + joined(missed));
  if (!open.empty())
    return conclude(Outcome::inconclusive, readable_count(open.size()) + of_all +
                                               " could not be decided: " + joined(open));
  if (thresholds.empty())
    return conclude(Outcome::pass, "the run is valid; the scenario has no thresholds");
  return conclude(Outcome::pass, thresholds.size() == 1
                                     ? "the threshold was met and the run is valid"
                                     : "all " + plural(thresholds.size(), "threshold") +
                                           " were met and the run is valid");
}

}  // namespace

Verdict judge(const RunRecord& record, const std::vector<AuditLine>& audit,
              const std::vector<ThresholdResult>& thresholds) {
  const auto failed = failed_lines(audit);
  if (record.interrupted) {
    std::string sentence = record.began ? "stopped by the user; the figures are partial"
                                        : "stopped by the user before the load began";
    if (!failed.empty()) sentence += ", and the audit failed: " + joined(failed);
    return conclude(Outcome::interrupted, std::move(sentence));
  }
  if (record.broken) return conclude(Outcome::invalid, *record.broken);
  if (!record.began) return conclude(Outcome::invalid, "the load never began");
  if (!failed.empty())
    return conclude(Outcome::invalid,
                    "the figures cannot be believed; the audit failed: " + joined(failed) +
                        (record.aborted ? "; ended" + why_aborted(*record.aborted) : ""));
  Verdict verdict = judge_thresholds_alone(thresholds);
  if (record.aborted) verdict = conclude(Outcome::fail, "ended" + why_aborted(*record.aborted));
  // Tolerated, or the audit had failed; but nobody may read the verdict without it.
  if (const std::string losses = losses_in_words(record); !losses.empty())
    verdict.sentence += "; " + losses;
  if (verdict.outcome == Outcome::pass && measured_answers(record) == 0)
    return conclude(Outcome::inconclusive, "no request was answered in the measured phase");
  return verdict;
}

std::string name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      return "PASS";
    case Outcome::fail:
      return "FAIL";
    case Outcome::inconclusive:
      return "INCONCLUSIVE";
    case Outcome::invalid:
      return "INVALID";
    case Outcome::interrupted:
      return "INTERRUPTED";
  }
  assert(false);
  return {};
}

int exit_code_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      return 0;
    case Outcome::fail:
      return 10;
    case Outcome::inconclusive:
      return 12;
    case Outcome::invalid:
      return 13;
    case Outcome::interrupted:
      return 130;
  }
  assert(false);
  return 1;
}

}  // namespace squall::coordinator
