#include "coordinator/run/audit/record_audit.hpp"

#include <algorithm>
#include <string>

#include "coordinator/run/audit/exact_durations.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using actors::Phase;
using scenarios::Metric;

namespace {

/// Every duration that was recorded one by one, put into a histogram, must give the very one that
/// the agents' histograms add up to: the same buckets, counts, sum and extremes.
std::string disagreement(const RunRecord& record) {
  for (const Phase phase : {Phase::warm_up, Phase::measure})
    for (std::size_t i = 0; i < scenarios::duration_metric_count; ++i) {
      const auto metric = static_cast<Metric>(i);
      if (!is_of_requests(metric)) continue;
      if (record.exact->histogram(phase, metric) != record.timeline.total(phase).durations[i])
        return std::string(phase == Phase::warm_up ? "warm-up" : "measured phase") + ": the " +
               std::string(scenarios::describe(metric).name) +
               " of single requests are not those that the histograms have";
    }
  return {};
}

}  // namespace

std::optional<AuditLine> exact_records(const RunRecord& record) {
  if (!record.exact) return std::nullopt;
  AuditLine line{.name = "exact records", .limit = "as the histograms"};
  std::uint64_t ended = 0;
  for (const Phase phase : {Phase::warm_up, Phase::measure})
    ended += record.timeline.total(phase).ledger.ended();
  const std::uint64_t records = record.exact->requests();
  line.measured = readable_count(records) + " of " + plural(ended, "request");
  line.status = AuditStatus::failed;
  if (record.exact->unreadable() > 0) {
    line.explanation =
        plural(record.exact->unreadable(), "batch") + " hold records that cannot be read";
  } else if (records > ended) {
    line.explanation = "there are more records than requests";
  } else if (records < ended) {
    line.status = AuditStatus::warning;
    line.explanation =
        "an agent keeps 12,000 a second, and a message must have room for them: "
        "percentiles keep the histograms' 0.1 %";
  } else {
    line.explanation = disagreement(record);
    if (line.explanation.empty()) line.status = AuditStatus::passed;
  }
  return line;
}

}  // namespace squall::coordinator
