#include "coordinator/report/formats/markdown_report.hpp"

#include <algorithm>
#include <set>

#include "coordinator/report/formats/report_words.hpp"
#include "coordinator/report/run_report.hpp"
#include "coordinator/text/markup_text.hpp"
#include "coordinator/text/readable_measure.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

constexpr std::size_t most_rows = 20;  // a comment has a length limit, a thousand agents have none

using Cells = std::vector<std::string>;

std::string row_of(const Cells& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + markdown_text(cell) + " |";
  return row + "\n";
}

/// `alignment` has one character a column: 'l' or 'r'. Empty without rows.
std::string table(const std::string& alignment, const Cells& head, const std::vector<Cells>& rows) {
  if (rows.empty()) return {};
  std::string text = row_of(head) + "|";
  for (const char side : alignment) text += side == 'r' ? "--:|" : ":--|";
  text += "\n";
  for (std::size_t i = 0; i < rows.size() && i < most_rows; ++i) text += row_of(rows[i]);
  if (rows.size() > most_rows)
    text += "\nand " + readable_count(rows.size() - most_rows) + " more; the JSON has all\n";
  return text + "\n";
}

std::string item(const std::string& text) { return "- " + markdown_line(text, 1500) + "\n"; }

std::string section(const std::string& title, const std::string& body) {
  return body.empty() ? std::string() : "#### " + title + "\n\n" + body;
}

std::string folded(const std::string& title, const std::string& body, bool open = false) {
  if (body.empty()) return {};
  return std::string(open ? "<details open>" : "<details>") + "<summary>" + markdown_text(title) +
         "</summary>\n\n" + body + "</details>\n\n";
}

std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    if (!word.empty()) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string head(const ReportedRun& run) {
  std::string text = "### " + markdown_text(verdict_word(run) + ": " + run.sentence, 1000) + "\n\n";
  for (const std::string& banner : run.banners)
    text += "> **" + markdown_text(banner, 400) + "**\n\n";
  for (std::size_t i = 0; i < run.warnings.size() && i < most_rows; ++i)
    text += item("warning: " + run.warnings[i]);
  return text;
}

std::string load_of(const ReportedRun& run) {
  std::string text = "load: " + run.load;
  const auto add = [&](const char* name, const std::optional<double>& length) {
    if (length) text += std::string("; ") + name + " " + readable_seconds(*length);
  };
  add("warm-up", run.warm_up_length);
  add("measured", run.measure_length);
  add("drain", run.drain_length);
  return text;
}

std::string identity(const ReportedRun& run) {
  std::string text =
      item("scenario " + run.scenario + (run.description.empty() ? "" : ": " + run.description));
  text += item("run " + run.run + ", " + run.started_at + ", squall " + run.tool_version +
               ", scenario hash " + run.scenario_hash +
               (run.seed ? ", seed " + std::to_string(*run.seed) : ""));
  text += item(load_of(run));
  std::string target = "target: " + run.target_kind;
  for (const std::string& part : {run.target_origin, run.target_model})
    if (!part.empty()) target += ", " + part;
  text += item(target);
  std::set<std::string> processors;
  for (const ReportedAgent& agent : run.agents) processors.insert(agent.processor);
  const std::string machines = joined(processors);
  text += item(plural(run.agents.size(), "agent") + (machines.empty() ? "" : " on " + machines));
  for (const ReportedAgent& agent : run.agents)
    if (agent.lost) text += item("agent " + agent.name + " was lost: " + *agent.lost);
  return text + "\n";
}

std::string thresholds(const ReportedRun& run) {
  std::vector<Cells> rows;
  for (const ReportedThreshold& each : run.thresholds) {
    const std::string measured = measured_text(each);
    rows.push_back({each.text, measured.empty() ? "-" : measured,
                    each.status == "fail" ? "FAIL" : each.status,
                    each.explanation + (each.guess.empty() ? "" : "; " + each.guess)});
  }
  std::string text = table("lrll", {"threshold", "measured", "verdict", "why"}, rows);
  for (const std::string& note : run.threshold_notes) text += item(note);
  return run.threshold_notes.empty() ? text : text + "\n";
}

std::string latencies(const ReportedPhase& phase) {
  Cells names{"metric", "n"};
  std::string alignment = "lr";
  if (!phase.durations.empty())
    for (const ReportedPercentile& each : phase.durations.front().percentiles) {
      names.push_back(percentile_name(each.percentile));
      alignment += 'r';
    }
  names.insert(names.end(), {"mean", "max"});
  std::vector<Cells> rows;
  for (const ReportedDuration& row : phase.durations) {
    Cells cells{row.metric, readable_count(row.samples)};
    for (const ReportedPercentile& each : row.percentiles) cells.push_back(percentile_text(each));
    cells.resize(names.size() - 2, "-");
    cells.push_back(row.mean ? readable_seconds(*row.mean) : "-");
    cells.push_back(row.maximum ? readable_seconds(*row.maximum) : "-");
    rows.push_back(std::move(cells));
  }
  return table(alignment + "rr", names, rows);
}

std::string throughput(const ReportedRun& run) {
  std::string text;
  const auto add = [&](const std::optional<double>& rate, const char* name) {
    if (rate) text += item(readable_rate(*rate) + " " + name);
  };
  add(run.tokens_per_second, "output tokens per second");
  add(run.requests_per_second, "answers per second");
  add(run.mean_in_flight, "requests in flight, mean");
  if (text.empty()) return {};
  return text + (run.bottleneck.empty() ? "" : item("what held it back: " + run.bottleneck)) + "\n";
}

std::string categories(const ReportedRun& run) {
  const auto p95 = [](const std::vector<ReportedPercentile>& list) {
    for (const ReportedPercentile& each : list)
      if (each.percentile == 95) return percentile_text(each);
    return std::string("-");
  };
  std::vector<Cells> rows;
  for (const ReportedCategory& each : run.measured.categories)
    rows.push_back({each.name, readable_count(each.ok), readable_count(each.failed), p95(each.ttft),
                    p95(each.e2e)});
  return table("lrrrr", {"category", "answered", "failed", "ttft p95", "e2e p95"}, rows);
}

std::string errors(const ReportedRun& run) {
  std::vector<Cells> rows;
  for (const auto& [reason, times] : run.measured.errors)
    rows.push_back({reason, readable_count(times)});
  return table("lr", {"error", "times"}, rows);
}

std::string ledger(const ReportedRun& run) {
  std::vector<Cells> rows;
  const auto add = [&](const ReportedAccount& account, const std::string& name) {
    Cells cells{name};
    for (const std::uint64_t each :
         {account.planned, account.completed, account.failed, account.cancelled, account.lost})
      cells.push_back(readable_count(each));
    rows.push_back(std::move(cells));
  };
  if (run.total) add(*run.total, "all agents");
  if (run.accounts.size() > 1)
    for (const ReportedAccount& account : run.accounts) add(account, account.name);
  return table("lrrrrr", {"every request", "planned", "completed", "failed", "cancelled", "lost"},
               rows);
}

std::string audit(const ReportedRun& run) {
  std::vector<Cells> rows;
  std::size_t failed = 0;
  std::size_t warnings = 0;
  for (const ReportedAuditLine& line : run.audit) {
    failed += line.status == "failed" ? 1 : 0;
    warnings += line.status == "warning" ? 1 : 0;
    std::string status = line.status;
    std::ranges::replace(status, '_', ' ');
    rows.push_back({line.name, status, audit_text(line)});
  }
  const std::string title = "audit: " + plural(rows.size(), "line") + ", " +
                            readable_count(failed) + " failed, " + plural(warnings, "warning");
  return folded(title, table("lll", {"audit", "status", "measured"}, rows), failed > 0);
}

}  // namespace

std::string markdown_report(const ReportedRun& run) {
  return head(run) + identity(run) + section("Thresholds", thresholds(run)) +
         section("Latency, measured phase (95 % intervals in parentheses)",
                 latencies(run.measured)) +
         folded("Latency, warm-up", latencies(run.warm_up)) +
         section("Throughput, measured window", throughput(run)) +
         section("Categories of prompts", categories(run)) +
         section("Errors, measured phase", errors(run)) + section("Ledger", ledger(run)) +
         audit(run);
}

}  // namespace squall::coordinator
