#pragma once
// One line for a terminal, made of pieces that each have a style. Knows its width without the
// escape codes, and is cut to one without cutting them.

#include <cstddef>
#include <string>
#include <vector>

#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

class StyledLine {
 public:
  StyledLine() = default;
  explicit StyledLine(std::string text, Style style = Style::plain) { add(std::move(text), style); }

  /// `text` is safe to print: printable() has seen what comes from elsewhere.
  StyledLine& add(std::string text, Style style = Style::plain);
  /// `text` in a field of so many characters, cut where it is longer.
  StyledLine& add_left(const std::string& text, std::size_t field, Style style = Style::plain);
  StyledLine& add_right(const std::string& text, std::size_t field, Style style = Style::plain);
  StyledLine& append(const StyledLine& other);

  std::size_t width() const { return width_; }
  /// At most so many characters; ends in '>' where it goes on.
  std::string written(std::size_t width, bool colour) const;

 private:
  struct Piece {
    std::string text;
    Style style;
  };
  std::vector<Piece> pieces_;
  std::size_t width_ = 0;
};

}  // namespace squall::coordinator
