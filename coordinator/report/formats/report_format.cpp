#include "coordinator/report/formats/report_format.hpp"

namespace squall::coordinator {

const FormatDescription& describe(ReportFormat format) {
  return format_table.at(static_cast<std::size_t>(format));
}

std::optional<ReportFormat> find_format(std::string_view name) {
  for (const FormatDescription& each : format_table)
    if (each.name == name) return each.format;
  return std::nullopt;
}

std::optional<ReportFormat> format_of_file(std::string_view file) {
  for (const FormatDescription& each : format_table)
    if (!each.ending.empty() && file.ends_with(each.ending)) return each.format;
  return std::nullopt;
}

}  // namespace squall::coordinator
