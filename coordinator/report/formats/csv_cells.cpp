#include "coordinator/report/formats/csv_cells.hpp"

#include <array>
#include <charconv>
#include <string_view>

#include "coordinator/text/printable_text.hpp"

namespace squall::coordinator {

namespace {

std::string quoted(const std::string& cell) {
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string text = "\"";
  for (const char c : cell) text += c == '"' ? "\"\"" : std::string(1, c);
  return text + "\"";
}

}  // namespace

std::string csv_number(const std::optional<double>& value) {
  if (!value) return {};
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *value).ptr;
  return {digits.data(), end};
}

std::string csv_name(const std::string& name) {
  const std::string text = printable(name, 500);
  const bool formula =
      !text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos;
  return formula ? "'" + text : text;
}

std::string csv_line(const CsvCells& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i > 0 ? "," : "") + quoted(cells[i]);
  return line + "\r\n";
}

CsvCells csv_beginning(const ReportedRun& run) {
  std::string banners;
  for (const std::string& banner : run.banners) banners += (banners.empty() ? "" : "; ") + banner;
  return {csv_name(run.run), csv_name(run.scenario), csv_name(banners)};
}

}  // namespace squall::coordinator
