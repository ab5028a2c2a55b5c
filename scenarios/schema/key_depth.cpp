#include "scenarios/schema/key_depth.hpp"

#include <algorithm>

namespace squall::scenarios {

namespace {

bool starts_with_three(std::string_view text, std::size_t at, char quote) {
  return at + 2 < text.size() && text[at] == quote && text[at + 1] == quote &&
         text[at + 2] == quote;
}

// The position just behind the string that opens at `at`, which may span lines when tripled.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const bool escapes = quote == '"';
  const bool tripled = starts_with_three(text, at, quote);
  for (std::size_t i = at + (tripled ? 3 : 1); i < text.size(); ++i) {
    if (escapes && text[i] == '\\') {
      ++i;
    } else if (tripled && starts_with_three(text, i, quote)) {
      // Up to two quotes more belong to the content.
      i += 3;
      for (int extra = 0; extra < 2 && i < text.size() && text[i] == quote; ++extra) ++i;
      return i;
    } else if (!tripled && (text[i] == quote || text[i] == '\n')) {
      return text[i] == quote ? i + 1 : i;
    }
  }
  return text.size();
}

}  // namespace

unsigned first_line_with_more_dots(std::string_view toml_text, unsigned most) {
  unsigned line = 1;
  unsigned dots = 0;
  for (std::size_t i = 0; i < toml_text.size();) {
    const char c = toml_text[i];
    if (c == '"' || c == '\'') {
      const std::size_t end = end_of_string(toml_text, i);
      const auto string = toml_text.substr(i, end - i);
      line += static_cast<unsigned>(std::count(string.begin(), string.end(), '\n'));
      i = end;
      continue;
    }
    if (c == '#') {
      i = std::min(toml_text.find('\n', i), toml_text.size());
      continue;
    }
    if (c == '.' && ++dots > most) return line;
    if (c == '\n') {
      ++line;
      dots = 0;
    }
    ++i;
  }
  return 0;
}

}  // namespace squall::scenarios
