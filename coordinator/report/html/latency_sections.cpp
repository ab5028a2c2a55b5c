#include <array>

#include "coordinator/report/html/report_reading.hpp"
#include "coordinator/report/html/run_sections.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/schema/metric.hpp"

namespace squall::coordinator {

using Tone = PageCell::Tone;

namespace {

constexpr std::array shown_percentiles{50.0, 90.0, 95.0, 99.0, 99.9};
constexpr std::array percentile_names{"p50", "p90", "p95", "p99", "p99.9"};

/// "12.3 ms" and below, in the same cell, its interval; or what is missing.
PageCell percentile_cell(const Json& estimate) {
  if (!estimate.is_object()) return {"–", Tone::quiet, true};
  const auto value = number_in(estimate, "value");
  if (!value)
    return {"needs " + readable_count(count_in(estimate, "samples_needed")) + " samples",
            Tone::quiet, true};
  return {(true_in(estimate, "at_least") ? "≥ " : "") + duration_text(value) + "\n" +
              duration_text(number_in(estimate, "low")) + " to " +
              (true_in(estimate, "high_at_least") ? "> " : "") +
              duration_text(number_in(estimate, "high")),
          Tone::plain, true};
}

PageCell figure(std::string text) { return {std::move(text), Tone::plain, true}; }

PageTable latency_table(const Json& durations) {
  PageTable table;
  table.caption =
      "Below each percentile its 95 % interval (order statistics); requests without an "
      "answer count as \"at least\" the timeout";
  table.head = {"metric"};
  for (const char* name : percentile_names) table.head.emplace_back(name);
  for (const char* name : {"mean", "max", "samples"}) table.head.emplace_back(name);
  for (const auto& metric : scenarios::metric_table) {
    if (metric.kind != scenarios::MetricKind::duration) continue;
    const Json& row = part(durations, {std::string(metric.name).c_str()});
    if (!row.is_object()) continue;
    std::vector<PageCell> cells{{std::string(metric.name)}};
    for (const double percentile : shown_percentiles)
      cells.push_back(percentile_cell(percentile_of(part(row, {"percentiles"}), percentile)));
    cells.push_back(figure(duration_text(number_in(row, "mean"))));
    cells.push_back(figure(duration_text(number_in(row, "max"))));
    cells.push_back(figure(readable_count(count_in(row, "samples"))));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

void add_all(const std::vector<Chart>& charts, Page& page) {
  for (const Chart& chart : charts) page.chart(chart);
}

}  // namespace

void add_latencies(const Json& report, Page& page) {
  const Json& durations = part(report, {"phases", "measure", "durations"});
  const PageTable table = latency_table(durations);
  if (table.rows.empty()) return;
  page.section("latency", "Latency");
  page.table(table);
  add_all(percentile_charts(report), page);
  add_all(histogram_charts(report), page);
  const auto heat = heat_charts(report);
  if (heat.empty())
    page.paragraph("How latencies were distributed over time is not told by this report" +
                   std::string(part(report, {"latency_course"}).is_null()
                                   ? ": it was written by an earlier release."
                                   : ": nothing was answered."));
  add_all(heat, page);
}

void add_phases(const Json& report, Page& page) {
  const Json& cold = part(report, {"phases", "warm_up", "durations"});
  const Json& warm = part(report, {"phases", "measure", "durations"});
  PageTable table;
  table.caption = "Figures of the warm-up are kept apart and judge nothing";
  table.head = {"metric"};
  for (const char* phase : {"warm-up", "measured"})
    for (const char* name : {" p50", " p95", " samples"})
      table.head.push_back(std::string(phase) + name);
  for (const char* metric : {"ttft", "tpot", "e2e", "queue", "prefill"}) {
    const Json* rows[]{&part(cold, {metric}), &part(warm, {metric})};
    if (!rows[0]->is_object()) continue;
    std::vector<PageCell> cells{{metric}};
    for (const Json* row : rows) {
      for (const double percentile : {50.0, 95.0})
        cells.push_back(percentile_cell(percentile_of(part(*row, {"percentiles"}), percentile)));
      cells.push_back(figure(readable_count(count_in(*row, "samples"))));
    }
    table.rows.push_back(std::move(cells));
  }
  if (table.rows.empty()) return;
  page.section("cold-and-warm", "Cold and warm");
  page.table(table);
}

void add_categories(const Json& report, Page& page) {
  const auto& categories = entries(part(report, {"phases", "measure", "categories"}));
  if (categories.empty()) return;
  page.section("categories", "Categories of prompts");
  PageTable table;
  table.head = {"category", "completed", "failed", "output tokens"};
  for (const char* metric : {"ttft", "e2e"})
    for (const char* name : {" p50", " p95", " p99"})
      table.head.push_back(std::string(metric) + name);
  for (const Json& category : categories) {
    const std::uint64_t failed = count_in(category, "failed");
    std::vector<PageCell> row{{text_in(category, "name")},
                              figure(readable_count(count_in(category, "ok"))),
                              {readable_count(failed), failed > 0 ? Tone::bad : Tone::plain, true},
                              figure(readable_count(count_in(category, "output_tokens")))};
    for (const char* metric : {"ttft", "e2e"})
      for (const double percentile : {50.0, 95.0, 99.0})
        row.push_back(percentile_cell(percentile_of(part(category, {metric}), percentile)));
    table.rows.push_back(std::move(row));
  }
  page.table(table);
}

}  // namespace squall::coordinator
