#include "coordinator/report/formats/report_words.hpp"

#include <algorithm>
#include <chrono>

#include "coordinator/text/capitals.hpp"
#include "coordinator/text/readable_measure.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

nanoseconds duration_of(double seconds) {
  return std::chrono::round<nanoseconds>(
      std::chrono::duration<double>(std::clamp(seconds, -9e9, 9e9)));
}

}  // namespace

std::string verdict_word(const ReportedRun& run) {
  const std::string word = in_capitals(run.outcome.empty() ? "unknown" : run.outcome);
  return run.simulated ? word + " (SIMULATED target)" : word;
}

std::string measured_text(const ReportedThreshold& threshold) {
  const auto metric = scenarios::find_metric(threshold.metric);
  if (!threshold.measured || !metric) return {};
  return (threshold.at_least ? ">= " : "") +
         readable_measure(scenarios::describe(*metric).kind, *threshold.measured);
}

std::string percentile_text(const ReportedPercentile& estimate) {
  if (!estimate.value) return "insufficient, needs " + readable_count(estimate.samples_needed);
  if (estimate.at_least) return ">= " + readable_seconds(*estimate.value);
  if (!estimate.low || !estimate.high) return readable_seconds(*estimate.value);
  return readable_seconds(*estimate.value) + " (" +
         readable_interval(duration_of(*estimate.low), duration_of(*estimate.high),
                           duration_of(*estimate.value), estimate.high_at_least) +
         ")";
}

std::string audit_text(const ReportedAuditLine& line) {
  std::string text = line.measured;
  const bool answered = line.status != "not_applicable" && line.status != "not_enough";
  if (answered && !line.limit.empty()) text += text.empty() ? line.limit : " (" + line.limit + ")";
  if (!line.explanation.empty()) text += text.empty() ? line.explanation : ": " + line.explanation;
  return text;
}

}  // namespace squall::coordinator
