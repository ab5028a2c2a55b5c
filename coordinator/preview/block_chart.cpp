#include "coordinator/preview/block_chart.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

constexpr std::size_t label_width = 10;  // the scale beside the columns

// Eighths of a cell, from the bottom up and from the left on.
constexpr std::array rising{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array growing{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};

std::string padded(const std::string& text, std::size_t width) {
  const std::size_t used = width_of(text);
  return used < width ? std::string(width - used, ' ') + text : first_characters(text, width);
}

/// `filled` cells of this column, in eighths, seen in `row` from the bottom.
std::string cell(double filled, std::size_t row, bool unicode) {
  const double here = std::clamp(filled - static_cast<double>(row), 0.0, 1.0);
  auto eighths = static_cast<std::size_t>(std::lround(here * 8));
  if (row == 0 && filled > 0) eighths = std::max<std::size_t>(eighths, 1);
  if (unicode) return rising.at(eighths);
  return eighths == 0 ? " " : eighths < 4 ? "." : eighths < 7 ? ":" : "#";
}

std::size_t place_of(const ChartMark& mark, std::size_t width) {
  return static_cast<std::size_t>(std::clamp(mark.position, 0.0, 1.0) * static_cast<double>(width));
}

/// Where each phase begins; a name too long for its phase is cut.
std::string phase_line(const std::vector<ChartMark>& phases, std::size_t width) {
  std::string line;
  for (const ChartMark& phase : phases) {
    line.resize(std::min(place_of(phase, width), width), ' ');
    line += phase.label;
  }
  return line.substr(0, width);
}

/// The labels, each from its place on; one that would lie over another is left out.
std::string tick_line(const std::vector<ChartMark>& marks, std::size_t width) {
  std::string line(width, ' ');
  std::size_t free_from = 0;
  for (const ChartMark& mark : marks) {
    std::size_t at = place_of(mark, width);
    if (at + mark.label.size() > width) at = width - std::min(width, mark.label.size());
    if (mark.label.size() > width || at < free_from) continue;
    line.replace(at, mark.label.size(), mark.label);
    free_from = at + mark.label.size() + 1;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::size_t chart_columns(const ChartStyle& style) {
  return std::max<std::size_t>(style.width, label_width + 12) - label_width - 2;
}

std::vector<std::string> column_chart(const std::vector<double>& values,
                                      const std::vector<ChartMark>& ticks,
                                      const std::vector<ChartMark>& phases,
                                      const ChartStyle& style) {
  assert(values.size() == chart_columns(style) && style.height >= 2);
  const double highest = *std::max_element(values.begin(), values.end());
  const double scale = highest > 0 ? static_cast<double>(style.height) / highest : 0;
  const std::string upright = style.unicode ? " │" : " |";
  std::vector<std::string> lines;
  for (std::size_t row = style.height; row-- > 0;) {
    std::string label;
    if (row + 1 == style.height) label = readable_rate(highest);
    if (row + 1 == style.height / 2) label = readable_rate(highest / 2);
    std::string line = padded(label, label_width) + upright;
    for (const double value : values) line += cell(value * scale, row, style.unicode);
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  std::string axis = padded("0", label_width) + (style.unicode ? " └" : " +");
  for (std::size_t i = 0; i < values.size(); ++i) axis += style.unicode ? "─" : "-";
  lines.push_back(std::move(axis));
  const std::string indent(label_width + 2, ' ');
  lines.push_back(indent + tick_line(ticks, values.size()));
  lines.push_back(indent + phase_line(phases, values.size()));
  return lines;
}

std::string bar(double share, std::size_t width, bool unicode) {
  const double cells = std::clamp(share, 0.0, 1.0) * static_cast<double>(width);
  if (!unicode) {
    auto whole = static_cast<std::size_t>(std::lround(cells));
    if (share > 0) whole = std::max<std::size_t>(whole, 1);
    return std::string(whole, '#');
  }
  auto eighths = static_cast<std::size_t>(std::lround(cells * 8));
  if (share > 0) eighths = std::max<std::size_t>(eighths, 1);
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) text += growing.back();
  return text + growing.at(eighths % 8);
}

}  // namespace squall::coordinator
