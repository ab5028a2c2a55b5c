#include "coordinator/text/text_table.hpp"

#include <algorithm>
#include <cassert>

#include "coordinator/text/printable_text.hpp"

namespace squall::coordinator {

namespace {

constexpr std::size_t indent = 2;
constexpr std::size_t gap = 2;

std::string_view escape_of(Style style) {
  switch (style) {
    case Style::plain:
      return {};
    case Style::bold:
      return "\x1b[1m";
    case Style::dim:
      return "\x1b[2m";
    case Style::good:
      return "\x1b[32m";
    case Style::warning:
      return "\x1b[33m";
    case Style::bad:
      return "\x1b[31m";
  }
  assert(false);
  return {};
}

std::string padding(std::size_t width, std::string_view text) {
  const std::size_t used = width_of(text);
  return std::string(width > used ? width - used : 0, ' ');
}

}  // namespace

std::string styled(std::string_view text, Style style, bool colour) {
  if (!colour || style == Style::plain || text.empty()) return std::string(text);
  return std::string(escape_of(style)) + std::string(text) + "\x1b[0m";
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  width = std::max<std::size_t>(width, 1);
  std::vector<std::string> lines;
  while (width_of(text) > width) {
    const std::string start = first_characters(text, width + 1);
    std::size_t cut = start.rfind(' ');
    const bool at_space = cut != std::string::npos && cut > 0;
    if (!at_space) cut = first_characters(text, width).size();
    lines.emplace_back(text.substr(0, cut));
    text.remove_prefix(cut + (at_space ? 1 : 0));
  }
  lines.emplace_back(text);
  return lines;
}

void TextTable::add(Row row) {
  assert(row.size() <= alignment_.size());
  row.resize(alignment_.size());
  rows_.push_back(std::move(row));
}

std::string TextTable::render(std::size_t width, bool colour) const {
  const std::size_t columns = alignment_.size();
  std::vector<std::size_t> widths(columns, 0);
  for (const Row& row : rows_)
    for (std::size_t i = 0; i < columns; ++i)
      widths[i] = std::max(widths[i], width_of(row[i].text));
  std::size_t before_last = indent;
  for (std::size_t i = 0; i + 1 < columns; ++i) before_last += widths[i] + gap;
  constexpr std::size_t narrowest = 10;
  const std::size_t room = std::max(width, before_last + narrowest) - before_last;

  std::string out;
  const auto add_cell = [&](std::string& line, std::size_t column, const Cell& cell) {
    const bool last = column + 1 == columns;
    const std::string space = padding(widths[column], cell.text);
    if (alignment_[column] == 'r') line += space;
    line += styled(cell.text, cell.style, colour);
    if (alignment_[column] == 'l' && !last) line += space;
    if (!last) line += std::string(gap, ' ');
  };
  for (const Row& row : rows_) {
    std::string line(indent, ' ');
    for (std::size_t i = 0; i + 1 < columns; ++i) add_cell(line, i, row[i]);
    const Cell& last = row.back();
    if (alignment_.back() == 'r') {
      add_cell(line, columns - 1, last);
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + '\n';
      continue;
    }
    for (const std::string& part : wrapped(last.text, room)) {
      line += styled(part, last.style, colour);
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + '\n';
      line.assign(before_last, ' ');
    }
  }
  return out;
}

}  // namespace squall::coordinator
