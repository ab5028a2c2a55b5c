#include "coordinator/report_command/report_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cassert>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <unistd.h>

#include "coordinator/commands/report_file.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/live/terminal.hpp"
#include "coordinator/report/formats/csv_report.hpp"
#include "coordinator/report/formats/hlog_report.hpp"
#include "coordinator/report/formats/html_report.hpp"
#include "coordinator/report/formats/json_vllm.hpp"
#include "coordinator/report/formats/junit_report.hpp"
#include "coordinator/report/formats/markdown_report.hpp"
#include "coordinator/report/formats/report_format.hpp"
#include "coordinator/report/text_summary.hpp"
#include "coordinator/report_command/browser.hpp"
#include "coordinator/report_command/report_source.hpp"
#include "scenarios/schema/nearest_name.hpp"

namespace squall::coordinator {

namespace fs = std::filesystem;

namespace {

constexpr const char* footer_end = R"(
  squall report --open                            the newest run as a page, in your browser
  squall report last~1 --output before.html
  squall report tag:release-1.4 --format markdown | gh pr comment --body-file -
  squall report last --format junit --output squall.xml
  squall report last --format csv --table timeline --output course.csv
  squall report last --format hlog --output latencies.hlog
  squall report run.json --format vllm            of a file that squall run --json wrote

Without --output a page goes to RUN.html in this folder, and everything else to standard output; so
does a page where standard output is a pipe or a file. --output FILE also says the format, by its
ending. A stored run is computed again from its journal, a JSON report is taken as it is: it has no
text, and its histogram log has one line a metric in place of one a second.

A run is named by its id, by a beginning of it that no other run has, by last, last~2 or tag:NAME,
by its folder, or by a JSON report. What each format holds: docs/reports.md.

Exit codes: 0 written, 1 it could not be written, 2 no such run or format. The run's own verdict is
no matter here: squall run had its exit code.)";

std::string footer() {
  std::string text = "Formats:\n";
  for (const FormatDescription& each : format_table) {
    std::string name(each.name);
    name.resize(10, ' ');
    text += "  " + name + std::string(each.meaning) + "\n";
  }
  return text + footer_end;
}

ReportFormat format_of(const ReportOrders& orders) {
  if (orders.format.empty()) return format_of_file(orders.output).value_or(ReportFormat::html);
  if (const auto found = find_format(orders.format)) return *found;
  std::vector<std::string_view> names;
  for (const FormatDescription& each : format_table) names.push_back(each.name);
  throw UsageError("unknown format '" + orders.format + "'" +
                   scenarios::nearest_or_all(orders.format, names, "formats"));
}

void check(const ReportOrders& orders, ReportFormat format) {
  if (orders.table_given && format != ReportFormat::csv)
    throw UsageError("--table chooses the table of --format csv");
  if (!orders.metric.empty() && format != ReportFormat::hlog)
    throw UsageError("--metric chooses the one metric of --format hlog");
  if (orders.open && orders.output == "-")
    throw UsageError("--open shows a file; leave --output - away");
}

void check_metric(const std::string& metric) {
  std::vector<std::string_view> names;
  for (const auto& each : scenarios::metric_table)
    if (each.kind == scenarios::MetricKind::duration) names.push_back(each.name);
  if (std::ranges::find(names, metric) == names.end())
    throw UsageError("no duration is called '" + metric + "'" +
                     scenarios::nearest_or_all(metric, names, "durations"));
}

/// What a journal has to tell beyond the run itself.
Replay needed_by(const ReportOrders& orders, ReportFormat format) {
  if (format == ReportFormat::hlog) return Replay::record_and_intervals;
  if (format == ReportFormat::csv && orders.table == "requests") return Replay::record_and_requests;
  return Replay::record;
}

/// Where the report goes: a path, or "-" for standard output.
std::string where_to(const ReportOrders& orders, ReportFormat format, const ReportedRun& run) {
  if (!orders.output.empty()) return orders.output;
  const bool page = format == ReportFormat::html && isatty(STDOUT_FILENO) == 1;
  if (!page && !orders.open) return "-";
  // An id is what some file says; a name of a file is what we make of it.
  std::string name = run.run;
  std::erase_if(name, [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; });
  const std::string_view ending = describe(format).ending;
  return (name.empty() ? "report" : name) + std::string(ending.empty() ? ".json" : ending);
}

std::string text_of(const ReportSource& source, bool on_terminal) {
  if (!source.report)
    throw UsageError(source.name + " cannot be shown as text: " + source.why_no_report +
                     "; --format markdown needs the JSON report alone");
  TextStyle style;
  if (on_terminal) style = {.colour = colour_wanted(stdout), .width = summary_width(stdout)};
  return text_summary(*source.report, style);
}

std::string csv_table(const std::string& table, const ReportSource& source,
                      const ReportedRun& run) {
  if (table == "timeline") return csv_of_timeline(run, read_timeline(source.json));
  if (table == "metrics") return csv_of_metrics(run);
  if (!source.report)
    throw UsageError(source.name + " has no table of requests: " + source.why_no_report +
                     "; --table metrics needs the JSON report alone");
  if (source.requests.empty())
    throw UsageError(source.name +
                     " has no table of requests: nothing ended, or more than a million did; "
                     "--table timeline has a row a second");
  return csv_of_requests(run, source.requests, source.categories);
}

std::string formatted(const ReportOrders& orders, ReportFormat format, const ReportSource& source,
                      const ReportedRun& run, bool on_terminal) {
  switch (format) {
    case ReportFormat::html:
      return html_report(source.json);
    case ReportFormat::markdown:
      return markdown_report(run);
    case ReportFormat::text:
      return text_of(source, on_terminal);
    case ReportFormat::json:
      return source.json;
    case ReportFormat::csv:
      return csv_table(orders.table, source, run);
    case ReportFormat::junit:
      return junit_report(run);
    case ReportFormat::hlog:
      return hlog_report(run, source.intervals, orders.metric);
    case ReportFormat::vllm:
      return json_vllm(run);
  }
  assert(false);
  return {};
}

bool print(const std::string& text) {
  const bool whole = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
                     (text.ends_with('\n') || std::fputc('\n', stdout) != EOF);
  if (std::fflush(stdout) == 0 && whole) return true;
  std::fprintf(stderr, "squall: standard output did not take the report\n");
  return false;
}

bool write_file(const std::string& path, std::string text) {
  if (text.ends_with('\n')) text.pop_back();  // the file's writer ends it with one
  return ReportFile(path, "--output").write(text);
}

void show(const fs::path& file) {
  const std::string why_not = open_in_browser(file);
  if (!why_not.empty())
    std::fprintf(stderr, "squall: %s; open %s with a browser\n", why_not.c_str(), file.c_str());
}

}  // namespace

CLI::App* add_report(CLI::App& app, ReportOrders& orders) {
  CLI::App* report =
      app.add_subcommand("report", "Makes a run's report: a page, a table, a log, …");
  report->add_option("RUN", orders.run, "run, folder of a run, or JSON report")
      ->capture_default_str();
  report->add_option("--format", orders.format, "one of those below (default: html)")
      ->option_text("FORMAT");
  report->add_option("-o,--output", orders.output, "the file; -: standard output")
      ->option_text("FILE");
  report->add_flag("--open", orders.open, "show it in your browser");
  report
      ->add_option_function<std::string>(
          "--table",
          [&orders](const std::string& table) {
            orders.table = table;
            orders.table_given = true;
          },
          "of csv: metrics (default), timeline, requests")
      ->check(CLI::IsMember({"metrics", "timeline", "requests"}))
      ->option_text("TABLE");
  report->add_option("--metric", orders.metric, "of hlog: this metric alone, without a tag")
      ->option_text("METRIC");
  report->add_option("--store", orders.store, "the store")->option_text("FILE");
  report->add_option("--state", orders.state, "folder that the store is in")->option_text("FOLDER");
  report->footer(footer());
  return report;
}

int report_command(const ReportOrders& orders) {
  const ReportFormat format = format_of(orders);
  check(orders, format);
  if (!orders.metric.empty()) check_metric(orders.metric);
  const ReportSource source =
      find_report({orders.run, orders.store, orders.state, needed_by(orders, format)});
  try {
    const ReportedRun run = read_reported_run(source.json);
    const std::string to = where_to(orders, format, run);
    const std::string text = formatted(orders, format, source, run, to == "-");
    if (to == "-") return print(text) ? 0 : 1;
    if (!write_file(to, text)) return 1;
    const fs::path file = fs::absolute(to);
    std::printf("%s is in %s\n", source.name.c_str(), file.c_str());
    if (orders.open) show(file);
    return 0;
  } catch (const ReportUnreadable& error) {
    throw UsageError(source.name + " " + error.what());
  }
}

}  // namespace squall::coordinator
