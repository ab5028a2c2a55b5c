#include "scenarios/text/printable_text.hpp"

#include <algorithm>

namespace squall::scenarios {

namespace {

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

struct Decoded {
  char32_t character = 0;
  std::size_t length = 0;  // 0: not valid UTF-8
};

/// The character at the front of `text`, which is not empty.
Decoded decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  char32_t character = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(text[i])) return {};
    character = character << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (character < smallest[length] || character > 0x10FFFF || surrogate) return {};
  return {character, length};
}

bool harmless(char32_t character) {
  if (character < 0x20 || (character >= 0x7F && character < 0xA0)) return false;  // C0, DEL, C1
  if (character == 0x2028 || character == 0x2029) return false;                   // line breaks
  if (character >= 0x202A && character <= 0x202E) return false;  // bidirectional overrides
  if (character >= 0x2066 && character <= 0x2069) return false;  // bidirectional isolates
  return character != 0x200E && character != 0x200F && character != 0xFEFF;
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
  std::string result;
  std::size_t characters = 0;
  while (!text.empty()) {
    if (characters++ == limit)
      return first_characters(result, limit - std::min(limit, std::size_t{3})) + "...";
    const Decoded next = decode(text);
    if (next.length > 0 && harmless(next.character))
      result += text.substr(0, next.length);
    else
      result += '?';
    text.remove_prefix(std::max<std::size_t>(next.length, 1));
  }
  return result;
}

std::string on_one_line(std::string_view text, std::size_t limit) {
  std::string line(text);
  for (char& c : line)
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  return printable(line, limit);
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !continues(byte); }));
}

std::string first_characters(std::string_view text, std::size_t width) {
  std::size_t end = 0;
  for (std::size_t characters = 0; end < text.size(); ++end) {
    if (!continues(text[end]) && ++characters > width) break;
  }
  return std::string(text.substr(0, end));
}

}  // namespace squall::scenarios
