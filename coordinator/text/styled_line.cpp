#include "coordinator/text/styled_line.hpp"

#include <utility>

#include "coordinator/text/printable_text.hpp"

namespace squall::coordinator {

StyledLine& StyledLine::add(std::string text, Style style) {
  width_ += width_of(text);
  pieces_.push_back({std::move(text), style});
  return *this;
}

StyledLine& StyledLine::add_left(const std::string& text, std::size_t field, Style style) {
  std::string cut = first_characters(text, field);
  const std::size_t used = width_of(cut);
  add(std::move(cut), style);
  return add(std::string(field - used, ' '));
}

StyledLine& StyledLine::add_right(const std::string& text, std::size_t field, Style style) {
  std::string cut = first_characters(text, field);
  add(std::string(field - width_of(cut), ' '));
  return add(std::move(cut), style);
}

StyledLine& StyledLine::append(const StyledLine& other) {
  for (const Piece& piece : other.pieces_) add(piece.text, piece.style);
  return *this;
}

std::string StyledLine::written(std::size_t width, bool colour) const {
  // A number that is cut could be read as another one.
  const bool too_long = width_ > width && width > 0;
  if (too_long) --width;
  std::string line;
  for (const Piece& piece : pieces_) {
    if (width == 0) break;
    const std::string cut = first_characters(piece.text, width);
    width -= width_of(cut);
    line += styled(cut, piece.style, colour);
  }
  return too_long ? line + styled(">", Style::dim, colour) : line;
}

}  // namespace squall::coordinator
