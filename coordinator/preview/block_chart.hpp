#pragma once
// Charts made of characters: columns over time with axes, and single bars. Unicode blocks in
// eighths where the terminal shows them, ASCII elsewhere. Pure.

#include <cstddef>
#include <string>
#include <vector>

namespace squall::coordinator {

struct ChartStyle {
  std::size_t width = 80;  // of the whole chart, axis included
  std::size_t height = 8;  // rows of columns
  bool unicode = false;
};

/// What stands below the columns, at the place where it begins.
struct ChartMark {
  double position = 0;  // 0: the left end, 1: the right end
  std::string label;
};

/// How many columns a chart of this width has room for.
std::size_t chart_columns(const ChartStyle& style);

/// Rows of equal width from the top down: the columns with their scale, then the axis with `ticks`,
/// then a line with `phases`. Values are not negative; there are chart_columns() of them.
std::vector<std::string> column_chart(const std::vector<double>& values,
                                      const std::vector<ChartMark>& ticks,
                                      const std::vector<ChartMark>& phases,
                                      const ChartStyle& style);

/// A bar of `share` of `width`; anything above 0 is at least a little.
std::string bar(double share, std::size_t width, bool unicode);

}  // namespace squall::coordinator
