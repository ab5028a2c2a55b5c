#pragma once
// The formats that a run's report can be had in: their names, and the endings of their files.

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace squall::coordinator {

enum class ReportFormat { html, markdown, text, json, csv, junit, hlog, vllm };

struct FormatDescription {
  ReportFormat format;
  std::string_view name;     // as --format takes it
  std::string_view ending;   // of its files
  std::string_view meaning;  // one line for --help
};

inline constexpr std::array format_table{
    FormatDescription{ReportFormat::html, "html", ".html", "one page with charts, for people"},
    FormatDescription{ReportFormat::markdown, "markdown", ".md", "for a pull request or a wiki"},
    FormatDescription{ReportFormat::text, "text", ".txt", "as squall run printed it"},
    FormatDescription{ReportFormat::json, "json", ".json",
                      "everything (docs/schema/squall-run.schema.json)"},
    FormatDescription{ReportFormat::csv, "csv", ".csv", "a table, chosen by --table"},
    FormatDescription{ReportFormat::junit, "junit", ".xml", "tests, as CI services show them"},
    FormatDescription{ReportFormat::hlog, "hlog", ".hlog", "HdrHistogram's log, for its plotters"},
    FormatDescription{ReportFormat::vllm, "vllm", "", "figures as vLLM's benchmark names them"},
};

const FormatDescription& describe(ReportFormat format);
std::optional<ReportFormat> find_format(std::string_view name);

/// By the ending of a file's name; none for others.
std::optional<ReportFormat> format_of_file(std::string_view file);

}  // namespace squall::coordinator
