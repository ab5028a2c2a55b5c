#include "coordinator/report/formats/csv_report.hpp"

#include <algorithm>
#include <utility>

#include "coordinator/report/formats/csv_cells.hpp"
#include "coordinator/report/run_report.hpp"

namespace squall::coordinator {

namespace {

class MetricsTable {
 public:
  explicit MetricsTable(const ReportedRun& run) : begin_(csv_beginning(run)) {
    text_ = csv_line({"run", "scenario", "banner", "phase", "category", "metric", "statistic",
                      "value", "low", "high", "unit", "samples", "note"});
  }

  struct Place {
    std::string phase, category, metric;
  };
  void add(const Place& place, const std::string& statistic, std::optional<double> value,
           const std::string& unit, std::optional<std::uint64_t> samples = {}) {
    if (value) add_line(place, {statistic, csv_number(value), "", "", unit, text_of(samples), ""});
  }
  void add(const Place& place, const ReportedPercentile& estimate) {
    std::string note = estimate.withheld;
    if (estimate.at_least)
      note = "at least: requests went unanswered";
    else if (estimate.high_at_least)
      note = "high is at least that: requests went unanswered";
    add_line(place, {percentile_name(estimate.percentile), csv_number(estimate.value),
                     csv_number(estimate.low), csv_number(estimate.high), "s",
                     text_of(estimate.samples), note});
  }
  void add(const std::string& name, const ReportedPhase& phase);
  std::string text() && { return std::move(text_); }

 private:
  static std::string text_of(std::optional<std::uint64_t> count) {
    return count ? std::to_string(*count) : std::string();
  }
  void add_line(const Place& place, const CsvCells& figures) {
    CsvCells cells = begin_;
    cells.insert(cells.end(), {place.phase, csv_name(place.category), csv_name(place.metric)});
    cells.insert(cells.end(), figures.begin(), figures.end());
    text_ += csv_line(cells);
  }

  CsvCells begin_;
  std::string text_;
};

void MetricsTable::add(const std::string& name, const ReportedPhase& phase) {
  for (const ReportedDuration& row : phase.durations) {
    const Place place{name, "", row.metric};
    const std::uint64_t answered = row.samples - std::min(row.samples, row.unanswered);
    add(place, "mean", row.mean, "s", answered);
    add(place, "min", row.minimum, "s", answered);
    add(place, "max", row.maximum, "s", answered);
    for (const ReportedPercentile& each : row.percentiles) add(place, each);
  }
  for (const ReportedCategory& each : phase.categories) {
    add({name, each.name, "completed"}, "count", static_cast<double>(each.ok), "requests");
    add({name, each.name, "failed"}, "count", static_cast<double>(each.failed), "requests");
    for (const ReportedPercentile& estimate : each.ttft) add({name, each.name, "ttft"}, estimate);
    for (const ReportedPercentile& estimate : each.e2e) add({name, each.name, "e2e"}, estimate);
  }
  if (const auto& ledger = phase.ledger)
    for (const auto& [metric, count] :
         {std::pair{"scheduled", ledger->scheduled}, std::pair{"completed", ledger->ok},
          std::pair{"errors", ledger->error}, std::pair{"timeouts", ledger->timeout},
          std::pair{"cancelled", ledger->cancelled}})
      add({name, "", metric}, "count", static_cast<double>(count), "requests");
  add({name, "", "prompt_tokens"}, "count", static_cast<double>(phase.prompt_tokens), "tokens");
  add({name, "", "output_tokens"}, "count", static_cast<double>(phase.output_tokens), "tokens");
  add({name, "", "accuracy"}, "share", phase.accuracy, "share");
}

}  // namespace

std::string csv_of_metrics(const ReportedRun& run) {
  MetricsTable table(run);
  table.add({"measure", "", "tokens_per_second"}, "rate", run.tokens_per_second, "1/s");
  table.add({"measure", "", "requests_per_second"}, "rate", run.requests_per_second, "1/s");
  table.add({"measure", "", "in_flight"}, "mean", run.mean_in_flight, "requests");
  table.add("measure", run.measured);
  table.add("warm_up", run.warm_up);
  return std::move(table).text();
}

std::string csv_of_timeline(const ReportedRun& run, const ReportedSeries& timeline) {
  CsvCells head{"run", "scenario", "banner"};
  for (const std::string& column : timeline.columns) head.push_back(csv_name(column));
  std::string text = csv_line(head);
  const CsvCells begin = csv_beginning(run);
  for (const auto& row : timeline.rows) {
    CsvCells cells = begin;
    for (const auto& value : row) cells.push_back(csv_number(value));
    text += csv_line(cells);
  }
  return text;
}

}  // namespace squall::coordinator
