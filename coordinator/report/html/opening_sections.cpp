#include <algorithm>

#include "coordinator/report/html/report_reading.hpp"
#include "coordinator/report/html/run_sections.hpp"
#include "coordinator/text/capitals.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/schema/metric.hpp"

namespace squall::coordinator {

using Tone = PageCell::Tone;

namespace {

Tone tone_of_outcome(const std::string& outcome) {
  if (outcome == "pass") return Tone::good;
  if (outcome == "fail" || outcome == "invalid") return Tone::bad;
  return Tone::doubtful;
}

/// "p95 12.3 ms (11.9..12.8)", or why not.
std::string estimate_text(const Json& estimate) {
  if (!estimate.is_object()) return "–";
  const auto value = number_in(estimate, "value");
  if (!value) {
    const std::string withheld = text_in(estimate, "withheld");
    return withheld.empty() ? "–" : withheld;
  }
  return (true_in(estimate, "at_least") ? "at least " : "") + duration_text(value) + " (" +
         duration_text(number_in(estimate, "low")) + " to " +
         (true_in(estimate, "high_at_least") ? "more than " : "") +
         duration_text(number_in(estimate, "high")) + ")";
}

}  // namespace

void add_verdict(const Json& report, Page& page) {
  const Json& verdict = part(report, {"verdict"});
  const std::string outcome = text_in(verdict, "outcome");
  std::string word = outcome.empty() ? "NO VERDICT" : in_capitals(outcome);
  if (true_in(report, "simulated")) word += " (SIMULATED target)";
  std::string why = text_in(verdict, "sentence");
  if (const auto code = number_in(verdict, "exit_code"))
    why += " (exit code " + std::to_string(static_cast<int>(std::clamp(*code, 0.0, 255.0))) + ")";
  page.verdict(tone_of_outcome(outcome), word, why);
  for (const std::string& banner : texts_in(report, "banners")) page.banner(banner);
  for (const std::string& warning : texts_in(report, "warnings"))
    page.banner("Warning: " + warning);
  const std::string description = text_in(part(report, {"scenario"}), "description");
  if (!description.empty()) page.paragraph(description);
}

void add_glance(const Json& report, Page& page) {
  PageTable table;
  table.caption = "At a glance, measured phase; in brackets 95 % intervals";
  const auto row = [&](const std::string& name, const std::string& text) {
    table.rows.push_back({{name}, {text}});
  };
  const Json& scenario = part(report, {"scenario"});
  if (const std::string load = text_in(scenario, "load"); !load.empty()) row("load", load);
  if (const std::string model = text_in(scenario, "model"); !model.empty()) row("model", model);
  const Json& throughput = part(report, {"throughput"});
  row("output tokens per second", rate_text(number_in(throughput, "tokens_per_second")));
  row("answers per second", rate_text(number_in(throughput, "requests_per_second")));
  row("requests in flight, mean", rate_text(number_in(throughput, "mean_in_flight")));
  const Json& measured = part(report, {"phases", "measure"});
  for (const char* metric : {"ttft", "tpot", "e2e"})
    for (const double percentile : {50.0, 95.0}) {
      const Json& of = part(measured, {"durations", metric, "percentiles"});
      if (!entries(of).empty())
        row(std::string(metric) + (percentile == 50.0 ? " p50" : " p95"),
            estimate_text(percentile_of(of, percentile)));
    }
  const Json& ledger = part(measured, {"ledger"});
  if (ledger.is_object())
    row("requests", readable_count(count_in(ledger, "ok")) + " completed, " +
                        readable_count(count_in(ledger, "error")) + " failed, " +
                        readable_count(count_in(ledger, "timeout")) + " timed out");
  row("measured window", duration_text(number_in(throughput, "window")));
  row("agents", readable_count(entries(part(report, {"agents"})).size()));
  page.table(table);
}

namespace {

std::string in_unit_of(const std::optional<scenarios::MetricDescription>& metric, double value) {
  if (!metric) return rate_text(value);
  switch (metric->kind) {
    case scenarios::MetricKind::duration:
    case scenarios::MetricKind::time:
      return duration_text(value);
    case scenarios::MetricKind::fraction:
      return share_text(value);
    case scenarios::MetricKind::bytes:
      return bytes_text(value);
    case scenarios::MetricKind::rate:
    case scenarios::MetricKind::ratio:
      break;
  }
  return rate_text(value);
}

std::optional<scenarios::MetricDescription> metric_called(const std::string& name) {
  if (const auto metric = scenarios::find_metric(name)) return scenarios::describe(*metric);
  return std::nullopt;
}

/// "base 2s (defaults.toml:12) → 2.00 s; hardware cpu-low-end *3 (…) → 6.00 s"
std::string provenance_of(const Json& result) {
  const auto metric = metric_called(text_in(result, "metric"));
  std::string text;
  for (const Json& step : entries(part(result, {"provenance"}))) {
    text += (text.empty() ? "" : "; ") + text_in(step, "rule");
    if (const std::string source = text_in(step, "source"); !source.empty())
      text += " (" + source + ")";
    if (const auto value = number_in(step, "value")) text += " → " + in_unit_of(metric, *value);
  }
  const std::string guess = text_in(result, "guess");
  if (!guess.empty()) text += (text.empty() ? "" : "; ") + ("a guess: " + guess);
  return text;
}

PageCell mark_of_threshold(const std::string& status) {
  if (status == "pass") return {"pass", Tone::good};
  if (status == "fail") return {"FAIL", Tone::bad};
  return {status, Tone::doubtful};
}

std::vector<PageCell> threshold_row(const Json& result) {
  std::string measured = "–";
  if (const auto value = number_in(result, "measured"))
    measured = (true_in(result, "at_least") ? "≥ " : "") +
               in_unit_of(metric_called(text_in(result, "metric")), *value);
  return {{text_in(result, "threshold")},
          {measured, Tone::plain, true},
          mark_of_threshold(text_in(result, "status")),
          {text_in(result, "explanation")},
          {provenance_of(result), Tone::quiet}};
}

}  // namespace

void add_thresholds(const Json& report, Page& page) {
  const auto& results = entries(part(report, {"thresholds"}));
  const auto notes = texts_in(report, "threshold_notes");
  page.section("thresholds", "Thresholds");
  if (results.empty()) page.paragraph("The scenario has none: nothing was asked of the target.");
  PageTable table;
  table.head = {"threshold", "measured", "", "evidence", "where the limit comes from"};
  for (const Json& result : results) table.rows.push_back(threshold_row(result));
  if (!table.rows.empty()) page.table(table);
  page.list(notes);
  std::vector<std::string> changes;
  for (const Json& change : entries(part(report, {"threshold_changes"})))
    changes.push_back("at " + duration_text(number_in(change, "at")) + ": " +
                      text_in(change, "what"));
  page.list(changes);
  const Json& aborted = part(report, {"aborted"});
  if (aborted.is_object())
    page.paragraph("The run was ended at " + duration_text(number_in(aborted, "at")) + " by " +
                   text_in(aborted, "threshold") + ": " + text_in(aborted, "why"));
}

}  // namespace squall::coordinator
