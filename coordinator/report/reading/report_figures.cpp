#include "coordinator/report/reading/report_figures.hpp"

#include <array>
#include <cstdio>

namespace squall::coordinator {

namespace {

std::string percentile_figure(const std::string& metric, double percentile) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "_p%g", percentile);
  return metric + text.data();
}

void add(ReportFigures& into, const std::string& name, std::optional<double> value) {
  if (value) into.figures[name] = *value;
}

void add_duration(ReportFigures& into, const ReportedDuration& row) {
  add(into, row.metric + "_mean", row.mean);
  for (const ReportedPercentile& estimate : row.percentiles) {
    const std::string name = percentile_figure(row.metric, estimate.percentile);
    if (estimate.at_least) {
      // The true one is longer, nobody knows by how much: equal bounds are no equal figures.
      into.withheld[name] =
          std::string("only known as \"at least\", since requests went unanswered; ") +
          remedy_for_bounds;
      if (estimate.value) into.at_least[name] = *estimate.value;
      continue;
    }
    add(into, name, estimate.value);
    if (!estimate.withheld.empty()) into.withheld[name] = estimate.withheld + "; measure longer";
  }
}

std::optional<double> error_rate(const ReportedPhase& phase) {
  if (!phase.ledger) return std::nullopt;
  const auto failed = static_cast<double>(phase.ledger->error + phase.ledger->timeout);
  const double ended = static_cast<double>(phase.ledger->ok) + failed;
  if (ended <= 0) return std::nullopt;
  return failed / ended;
}

}  // namespace

ReportFigures figures_of(const ReportedRun& run) {
  ReportFigures all;
  add(all, "tokens_per_second", run.tokens_per_second);
  add(all, "requests_per_second", run.requests_per_second);
  add(all, "mean_in_flight", run.mean_in_flight);
  add(all, "error_rate", error_rate(run.measured));
  add(all, "accuracy", run.measured.accuracy);
  for (const ReportedDuration& row : run.measured.durations) add_duration(all, row);
  return all;
}

bool has_usable_figures(const std::string& outcome) {
  return outcome == "pass" || outcome == "fail" || outcome == "inconclusive";
}

}  // namespace squall::coordinator
