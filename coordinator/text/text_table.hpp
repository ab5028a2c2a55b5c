#pragma once
// Columns of text that line up, with the styles of a terminal where it has them.

#include <string>
#include <string_view>
#include <vector>

namespace squall::coordinator {

enum class Style { plain, bold, dim, good, warning, bad };

/// `text` in a style, or as it is when there is no colour.
std::string styled(std::string_view text, Style style, bool colour);

class TextTable {
 public:
  struct Cell {
    std::string text;
    Style style = Style::plain;
  };
  using Row = std::vector<Cell>;

  /// One character a column: 'l' or 'r', the side that its cells are aligned to.
  explicit TextTable(std::string alignment) : alignment_(std::move(alignment)) {}

  void add(Row row);
  bool empty() const { return rows_.empty(); }

  /// Each line ends in a line break and begins with two spaces. The last column is cut, or wrapped
  /// when it is left-aligned, so that no line is wider than `width`.
  std::string render(std::size_t width, bool colour) const;

 private:
  std::string alignment_;
  std::vector<Row> rows_;
};

/// `text` broken at spaces into lines of at most `width` characters.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

}  // namespace squall::coordinator
