#pragma once
// Charts made of characters: columns over time with axes, courses as areas and lines, and single
// bars. Unicode blocks in eighths and braille dots where the terminal shows them, ASCII elsewhere.
// Pure.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace squall::coordinator {

struct BlockChartStyle {
  std::size_t width = 80;  // of the whole chart, axis included
  std::size_t height = 8;  // rows of columns
  bool unicode = false;
};

/// What stands below the columns, at the place where it begins.
struct BlockChartMark {
  double position = 0;  // 0: the left end, 1: the right end
  std::string label;
};

/// How many columns a chart of this width has room for.
std::size_t chart_columns(const BlockChartStyle& style);

/// Rows of equal width from the top down: the columns with their scale, then the axis with `ticks`,
/// then a line with `phases`. Values are not negative; there are chart_columns() of them.
std::vector<std::string> column_chart(const std::vector<double>& values,
                                      const std::vector<BlockChartMark>& ticks,
                                      const std::vector<BlockChartMark>& phases,
                                      const BlockChartStyle& style);

/// What was measured over time, oldest first and equally far apart; none: nothing is known of then.
/// What lies below `area` is filled; `line`, which may be empty, is drawn over it.
struct ChartCourse {
  std::vector<std::optional<double>> area, line;
};

/// How many values a course chart of this style shows: with braille two in each column.
std::size_t course_values(const BlockChartStyle& style);

/// Rows from the top down: the course with its scale, whose numbers `written` writes, then the axis
/// with `from` below its left end and `to` below its right one. Values are not negative; there are
/// course_values() of them.
std::vector<std::string> course_chart(const ChartCourse& course, const std::string& from,
                                      const std::string& to, const BlockChartStyle& style,
                                      const std::function<std::string(double)>& written);

/// A bar of `share` of `width`; anything above 0 is at least a little.
std::string bar(double share, std::size_t width, bool unicode);

}  // namespace squall::coordinator
