#include "coordinator/report/text_summary.hpp"

#include <cassert>
#include <sstream>
#include <utility>

#include "coordinator/report/campaign_tables.hpp"
#include "coordinator/report/load_tables.hpp"
#include "coordinator/report/resources/resource_tables.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_measure.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

using actors::PercentileEstimate;
using Cell = TextTable::Cell;

namespace {

/// Writes the sections one after the other.
class Summary {
 public:
  Summary(const RunReport& report, const TextStyle& style) : report_(report), style_(style) {}

  std::string write() {
    header();
    thresholds();
    latencies("latency, measured phase", report_.measured, all);
    latencies("latency, warm-up", report_.warm_up, headlines);
    throughput();
    titled("load, measured phase", load_table(report_));
    titled("categories of prompts, measured phase", categories_table(report_.measured));
    titled("events, since the common start", events_table(report_));
    errors("errors, measured phase", report_.measured);
    errors("errors, warm-up", report_.warm_up);
    ledger();
    agents();
    titled("hardware", hardware_table(report_.hardware));
    campaign();
    resources();
    audit_lines();
    verdict();
    return std::move(out_);
  }

 private:
  void header();
  void thresholds();
  enum Rows { all, headlines };
  void latencies(const std::string& title, const PhaseReport& phase, Rows which);
  void throughput();
  void errors(const std::string& title, const PhaseReport& phase);
  void ledger();
  void agents();
  void campaign();
  void resources();
  void audit_lines();
  void verdict();

  void section(const std::string& title) {
    out_ += '\n';
    paragraph(title, Style::bold);
  }
  void paragraph(const std::string& text, Style look) {
    for (const std::string& line : wrapped(text, style_.width))
      out_ += styled(line, look, style_.colour) + '\n';
  }
  void note(const std::string& text) {
    TextTable row("l");
    row.add({{text, Style::dim}});
    table(row);
  }
  void titled(const std::string& title, const TextTable& rows) {
    if (rows.empty()) return;
    section(title);
    table(rows);
  }
  void table(const TextTable& rows) { out_ += rows.render(style_.width, style_.colour); }

  const RunReport& report_;
  TextStyle style_;
  std::string out_;
};

Cell mark_of(ThresholdStatus status) {
  switch (status) {
    case ThresholdStatus::pass:
      return {"pass", Style::good};
    case ThresholdStatus::fail:
      return {"FAIL", Style::bad};
    case ThresholdStatus::inconclusive:
      return {"inconclusive", Style::warning};
  }
  assert(false);
  return {};
}

Cell mark_of(AuditStatus status) {
  switch (status) {
    case AuditStatus::passed:
      return {"ok", Style::good};
    case AuditStatus::warning:
      return {"warning", Style::warning};
    case AuditStatus::failed:
      return {"FAILED", Style::bad};
    case AuditStatus::not_applicable:
      return {"-", Style::dim};
    case AuditStatus::not_enough:
      return {"?", Style::warning};
  }
  assert(false);
  return {};
}

Style style_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      return Style::good;
    case Outcome::fail:
    case Outcome::invalid:
      return Style::bad;
    case Outcome::inconclusive:
    case Outcome::interrupted:
      return Style::warning;
  }
  assert(false);
  return Style::plain;
}

void Summary::header() {
  const RunIdentity& run = report_.identity;
  out_ += styled(printable(run.scenario, 60), Style::bold, style_.colour) + '\n';
  if (!run.description.empty()) paragraph(printable(run.description, 400), Style::plain);
  for (const std::string& banner : report_.banners)
    paragraph("*** " + printable(banner) + " ***", Style::warning);
  for (const std::string& warning : report_.warnings)
    paragraph("warning: " + printable(warning, 1500), Style::warning);
  TextTable rows("ll");
  rows.add({{"run", Style::dim},
            {printable(run.id + ", " + run.started_at + ", squall " + run.tool_version)}});
  rows.add({{"scenario", Style::dim},
            {printable(run.scenario_file + ", hash " + run.scenario_hash + ", seed ") +
             std::to_string(run.seed)}});
  const bool engine = run.target_kind == "engine";
  if (!engine) {
    std::string target = run.target_kind;
    for (const std::string& part : {run.target_origin, run.model})
      if (!part.empty()) target += ", " + part;
    rows.add({{"target", Style::dim}, {printable(target, 300)}});
  }
  rows.add({{"load", Style::dim},
            {printable(run.load, 400) + (engine ? " on " + printable(run.model) : "") +
             "; warm-up " + readable(run.phases.warm_up) + ", measure " +
             readable(run.phases.measure) + ", drain " + readable(run.phases.drain)}});
  table(rows);
}

void Summary::thresholds() {
  if (report_.thresholds.empty()) return;
  section("thresholds");
  TextTable rows("lrll");
  for (const ThresholdResult& result : report_.thresholds) {
    const std::string measured = measured_in_words(result);
    rows.add({{printable(result.threshold.text, 40)},
              {measured.empty() ? "-" : measured},
              mark_of(result.status),
              {printable(result.explanation), Style::dim}});
    // What says all itself needs no further line.
    if (const std::string from = provenance_in_words(result); !from.empty())
      rows.add({{""}, {""}, {""}, {"from " + printable(from, 300), Style::dim}});
  }
  table(rows);
  TextTable notes("l");
  for (const std::string& note : report_.threshold_notes)
    notes.add({{printable(note, 300), Style::dim}});
  for (const ThresholdChange& change : report_.threshold_changes)
    notes.add({{"at " + readable_clock(change.at) + ": " + printable(change.what, 300)}});
  if (!notes.empty()) table(notes);
}

Cell percentile_cell(const PercentileEstimate& estimate) {
  if (!estimate.enough) return {"insufficient", Style::dim};
  return {(estimate.at_least ? ">= " : "") + readable(estimate.value)};
}

/// Under the percentile: its 95 % interval in the same unit, or what is missing.
Cell interval_cell(const PercentileEstimate& estimate) {
  if (!estimate.enough) return {"needs " + readable_count(estimate.samples_needed), Style::dim};
  return {readable_interval(estimate.low, estimate.high, estimate.value, estimate.high_at_least),
          Style::dim};
}

TextTable latency_columns(const std::vector<const DurationRow*>& durations) {
  TextTable rows("lrrrrrrr");
  TextTable::Row names{{"", Style::dim}};
  for (const double percentile : reported_percentiles)
    names.push_back({percentile_name(percentile), Style::dim});
  names.push_back({"mean", Style::dim});
  names.push_back({"max", Style::dim});
  rows.add(std::move(names));
  for (const DurationRow* row : durations) {
    const std::string name(scenarios::describe(row->metric).name);
    TextTable::Row values{{name, Style::bold}};
    TextTable::Row intervals{{"n = " + readable_count(row->samples), Style::dim}};
    for (const PercentileEstimate& estimate : row->percentiles) {
      values.push_back(percentile_cell(estimate));
      intervals.push_back(interval_cell(estimate));
    }
    values.push_back({row->mean ? readable(*row->mean) : "-"});
    values.push_back({row->maximum ? readable(*row->maximum) : "-"});
    rows.add(std::move(values));
    rows.add(std::move(intervals));
  }
  return rows;
}

/// The same for a narrow terminal: one figure a line.
TextTable latency_lines(const std::vector<const DurationRow*>& durations) {
  TextTable rows("llrl");
  for (const DurationRow* row : durations) {
    std::string name(scenarios::describe(row->metric).name);
    for (const PercentileEstimate& estimate : row->percentiles) {
      rows.add({{std::exchange(name, ""), Style::bold},
                {percentile_name(estimate.percentile), Style::dim},
                percentile_cell(estimate),
                interval_cell(estimate)});
    }
    rows.add({{"n = " + readable_count(row->samples), Style::dim},
              {"mean", Style::dim},
              {row->mean ? readable(*row->mean) : "-"},
              {"max " + (row->maximum ? readable(*row->maximum) : "-"), Style::plain}});
  }
  return rows;
}

bool fits(const TextTable& rows, std::size_t width) {
  std::istringstream lines(rows.render(width, false));
  for (std::string line; std::getline(lines, line);)
    if (width_of(line) > width) return false;
  return true;
}

void Summary::latencies(const std::string& title, const PhaseReport& phase, Rows which) {
  if (phase.durations.empty()) return;
  std::vector<const DurationRow*> durations;
  for (const DurationRow& row : phase.durations) {
    const bool headline =
        row.metric == scenarios::Metric::ttft || row.metric == scenarios::Metric::e2e;
    if (which == all || headline) durations.push_back(&row);
  }
  const TextTable columns = latency_columns(durations);
  const bool wide = fits(columns, style_.width);
  section(title + (wide ? " (below" : " (beside") + " each percentile its 95 % interval)");
  table(wide ? columns : latency_lines(durations));
  const std::uint64_t unanswered = phase.durations.front().unanswered;
  if (unanswered > 0)
    note(plural(unanswered, "request") +
         " without an answer counted as \"at least\"; mean and max are of the completed");
}

void Summary::throughput() {
  const ThroughputReport& rates = report_.throughput;
  section("throughput, measured window of " + readable(rates.window));
  if (!rates.tokens_per_second) {
    out_ += "  nothing was measured\n";
    return;
  }
  TextTable rows("lr");
  rows.add({{"output tokens per second"}, {readable_rate(*rates.tokens_per_second)}});
  rows.add({{"answers per second"}, {readable_rate(*rates.requests_per_second)}});
  rows.add({{"requests in flight, mean"}, {readable_rate(*rates.mean_in_flight)}});
  rows.add(
      {{"output tokens of completed requests"}, {readable_count(report_.measured.output_tokens)}});
  rows.add(
      {{"prompt tokens of completed requests"}, {readable_count(report_.measured.prompt_tokens)}});
  table(rows);
}

void Summary::errors(const std::string& title, const PhaseReport& phase) {
  if (phase.errors.empty()) return;
  section(title);
  TextTable rows("rl");
  constexpr std::size_t most = 20;
  std::size_t shown = 0;
  for (const auto& [reason, count] : phase.errors) {
    if (shown++ == most) break;
    rows.add({{readable_count(count)}, {printable(reason), Style::bad}});
  }
  table(rows);
  if (phase.errors.size() > most)
    out_ += "  and " + plural(phase.errors.size() - most, "more kind") + " of error\n";
}

TextTable::Row account_row(const std::string& name, const RequestAccount& account) {
  return {{printable(name, 24)},
          {readable_count(account.planned)},
          {"= " + readable_count(account.completed)},
          {"+ " + readable_count(account.failed), account.failed > 0 ? Style::bad : Style::plain},
          {"+ " + readable_count(account.cancelled)},
          {"+ " + readable_count(account.lost), account.lost > 0 ? Style::bad : Style::plain}};
}

std::string account_details(const RequestAccount& account) {
  std::string text;
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count == 0) return;
    text += (text.empty() ? "" : "; ") + readable_count(count) + " " + what;
  };
  add(account.timed_out, "of the failed timed out");
  add(account.open_at_end, "of the cancelled were still open when the drain ended");
  add(account.not_sent, "of the cancelled were never sent");
  add(account.left_out, "of them left out while a lost agent's load rose again at others");
  add(account.lost_in_flight, "lost: in flight at their agent's last report");
  add(account.never_reported, "lost: never reported");
  add(account.surplus, "more than were planned");
  return text;
}

void Summary::ledger() {
  section("ledger, all phases: every planned request");
  TextTable rows("lrrrrr");
  rows.add({{""},
            {"planned", Style::dim},
            {"completed", Style::dim},
            {"failed", Style::dim},
            {"cancelled", Style::dim},
            {"lost", Style::dim}});
  constexpr std::size_t most = 50;
  for (std::size_t i = 0; i < report_.agents.size() && i < most; ++i)
    rows.add(account_row(report_.agents[i].record.hello.name, report_.agents[i].account));
  if (report_.agents.size() != 1) rows.add(account_row("total", report_.total));
  table(rows);
  if (const std::string details = account_details(report_.total); !details.empty()) note(details);
}

void Summary::agents() {
  section("agents");
  TextTable rows("ll");
  constexpr std::size_t most = 50;
  for (std::size_t i = 0; i < report_.agents.size() && i < most; ++i) {
    const AgentRecord& agent = report_.agents[i].record;
    rows.add(
        {{printable(agent.hello.name, 24)}, {printable(agent_in_words(report_.agents[i]), 1000)}});
    if (agent.lost) rows.add({{""}, {"LOST: " + printable(*agent.lost), Style::bad}});
  }
  table(rows);
  if (report_.agents.size() > most)
    out_ += "  and " + plural(report_.agents.size() - most, "more agent") + "; see --json\n";
}

void Summary::campaign() {
  const TextTable members = members_table(report_.campaign);
  if (members.empty()) return;
  section("campaign");
  table(members);
  for (const std::string& sentence : campaign_sentences(report_.campaign)) note(sentence);
}

void Summary::resources() {
  const ResourceReport& resources = report_.resources;
  titled("resources, measured phase", resources_table(resources));
  if (const std::size_t more = agents_left_out(resources); more > 0)
    out_ += "  and " + plural(more, "more agent") + "; see --json\n";
  section("what held it back: " + printable(resources.bottleneck.sentence, 300));
  table(bottleneck_table(resources.bottleneck));
}

void Summary::audit_lines() {
  section("audit: can these figures be believed?");
  TextTable rows("lll");
  for (const AuditLine& line : report_.audit) {
    std::string text = line.measured;
    const auto add = [&](const std::string& more, const char* open, const char* close) {
      if (!more.empty()) text += text.empty() ? more : open + more + close;
    };
    const bool answered =
        line.status != AuditStatus::not_applicable && line.status != AuditStatus::not_enough;
    if (answered) add(line.limit, " (", ")");
    add(line.explanation, ": ", "");
    rows.add({{line.name},
              mark_of(line.status),
              {printable(text, 400), answered ? Style::plain : Style::dim}});
  }
  table(rows);
}

void Summary::verdict() {
  const Outcome outcome = report_.verdict.outcome;
  out_ += '\n';
  const std::string text = "verdict: " + name_of(outcome) +
                           (report_.identity.simulated ? " (SIMULATED target): " : ": ") +
                           printable(report_.verdict.sentence, 600) + " (exit code " +
                           std::to_string(report_.verdict.exit_code) + ")";
  paragraph(text, style_of(outcome));
}

}  // namespace

std::string text_summary(const RunReport& report, const TextStyle& style) {
  return Summary(report, style).write();
}

}  // namespace squall::coordinator
