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

std::size_t place_of(const BlockChartMark& mark, std::size_t width) {
  return static_cast<std::size_t>(std::clamp(mark.position, 0.0, 1.0) * static_cast<double>(width));
}

/// Where each phase begins; a name too long for its phase is cut.
std::string phase_line(const std::vector<BlockChartMark>& phases, std::size_t width) {
  std::string line;
  for (const BlockChartMark& phase : phases) {
    line.resize(std::min(place_of(phase, width), width), ' ');
    line += phase.label;
  }
  return line.substr(0, width);
}

/// The labels, each from its place on; one that would lie over another is left out.
std::string tick_line(const std::vector<BlockChartMark>& marks, std::size_t width) {
  std::string line(width, ' ');
  std::size_t free_from = 0;
  for (const BlockChartMark& mark : marks) {
    std::size_t at = place_of(mark, width);
    if (at + mark.label.size() > width) at = width - std::min(width, mark.label.size());
    if (mark.label.size() > width || at < free_from) continue;
    line.replace(at, mark.label.size(), mark.label);
    free_from = at + mark.label.size() + 1;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

/// The dots of a braille cell, two across and four down, as they are numbered in Unicode: of the
/// left column and of the right one, each from the bottom up.
constexpr std::size_t dots_up = 4;
constexpr std::array<std::array<unsigned, dots_up>, 2> dots{
    {{0x40, 0x04, 0x02, 0x01}, {0x80, 0x20, 0x10, 0x08}}};

std::string braille(unsigned set) {
  if (set == 0) return " ";
  std::string text = "\xE2";  // U+2800 and the dots
  text += static_cast<char>(0xA0 | (set >> 6));
  text += static_cast<char>(0x80 | (set & 0x3F));
  return text;
}

/// Which of the steps from the bottom, 0 the lowest, a value reaches; none for nothing and for 0.
std::optional<std::size_t> step_of(const std::optional<double>& value, double highest,
                                   std::size_t steps) {
  if (!value || *value <= 0) return std::nullopt;
  const auto step = std::lround(std::ceil(*value / highest * static_cast<double>(steps)));
  return std::min(static_cast<std::size_t>(std::max(step, 1L)), steps) - 1;
}

/// A course in steps of its chart's rows: what each of its values fills and where its line runs.
struct Stepped {
  std::vector<std::optional<std::size_t>> area, line;

  Stepped(const ChartCourse& course, double highest, std::size_t steps) {
    for (const auto& value : course.area) area.push_back(step_of(value, highest, steps));
    for (const auto& value : course.line) line.push_back(step_of(value, highest, steps));
    line.resize(area.size());
  }
};

std::string braille_row(const Stepped& course, std::size_t row) {
  std::string text;
  for (std::size_t i = 0; i < course.area.size(); i += 2) {
    unsigned set = 0;
    for (std::size_t side = 0; side < 2 && i + side < course.area.size(); ++side)
      for (std::size_t up = 0; up < dots_up; ++up) {
        const std::size_t step = row * dots_up + up;
        const auto& area = course.area[i + side];
        if ((area && step <= *area) || course.line[i + side] == step) set |= dots.at(side).at(up);
      }
    text += braille(set);
  }
  return text;
}

/// In thirds of a row, as they look in ASCII.
std::string ascii_row(const Stepped& course, std::size_t row) {
  constexpr std::array<char, 3> marks{'.', ':', '#'};
  std::string text;
  for (std::size_t i = 0; i < course.area.size(); ++i) {
    const auto& area = course.area[i];
    const std::size_t first = row * marks.size();
    if (course.line[i] && *course.line[i] / marks.size() == row)
      text += '*';
    else if (!area || *area < first)
      text += ' ';
    else
      text += marks.at(std::min(*area - first, marks.size() - 1));
  }
  return text;
}

double highest_of(const ChartCourse& course) {
  double highest = 0;
  for (const auto* series : {&course.area, &course.line})
    for (const auto& value : *series) highest = std::max(highest, value.value_or(0));
  return highest;
}

}  // namespace

std::size_t course_values(const BlockChartStyle& style) {
  return chart_columns(style) * (style.unicode ? 2 : 1);
}

std::vector<std::string> course_chart(const ChartCourse& course, const std::string& from,
                                      const std::string& to, const BlockChartStyle& style,
                                      const std::function<std::string(double)>& written) {
  assert(course.area.size() == course_values(style) && style.height >= 2);
  assert(course.line.empty() || course.line.size() == course.area.size());
  const double highest = highest_of(course);
  const std::size_t in_row = style.unicode ? dots_up : 3;
  const Stepped stepped(course, highest, style.height * in_row);
  std::vector<std::string> lines;
  for (std::size_t row = style.height; row-- > 0;) {
    std::string label;
    if (row + 1 == style.height && highest > 0) label = written(highest);
    if (2 * (row + 1) == style.height && highest > 0) label = written(highest / 2);
    std::string line = padded(label, label_width) + (style.unicode ? " │" : " |");
    line += style.unicode ? braille_row(stepped, row) : ascii_row(stepped, row);
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  const std::size_t columns = chart_columns(style);
  std::string axis = padded("0", label_width) + (style.unicode ? " └" : " +");
  for (std::size_t i = 0; i < columns; ++i) axis += style.unicode ? "─" : "-";
  lines.push_back(std::move(axis));
  lines.push_back(std::string(label_width + 2, ' ') + tick_line({{0, from}, {1, to}}, columns));
  return lines;
}

std::size_t chart_columns(const BlockChartStyle& style) {
  return std::max<std::size_t>(style.width, label_width + 12) - label_width - 2;
}

std::vector<std::string> column_chart(const std::vector<double>& values,
                                      const std::vector<BlockChartMark>& ticks,
                                      const std::vector<BlockChartMark>& phases,
                                      const BlockChartStyle& style) {
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
