#include "agents/engine/model/tokenizer/unicode_classes.hpp"

#include <algorithm>
#include <array>

namespace squall::agents {

namespace {

CharacterClass look_up(char32_t character) {
  const auto ranges = unicode_ranges();
  const auto after = std::ranges::upper_bound(ranges, character, {}, &ClassRange::first);
  if (after == ranges.begin()) return CharacterClass::other;
  const ClassRange& range = *(after - 1);
  return character <= range.last ? range.character_class : CharacterClass::other;
}

constexpr std::size_t ascii_characters = 128;

std::array<CharacterClass, ascii_characters> ascii_classes() {
  std::array<CharacterClass, ascii_characters> classes{};
  for (std::size_t i = 0; i < ascii_characters; ++i) classes[i] = look_up(static_cast<char32_t>(i));
  return classes;
}

}  // namespace

CharacterClass class_of(char32_t character) {
  static const auto ascii = ascii_classes();
  return character < ascii_characters ? ascii[character] : look_up(character);
}

DecodedCharacter first_character(std::string_view text) {
  constexpr DecodedCharacter broken{0xFFFD, 1};
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return broken;
  char32_t character = first & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return broken;
    character = character << 6 | (byte(i) & 0x3FU);
  }
  const bool overlong = (bytes == 3 && character < 0x800) || (bytes == 4 && character < 0x10000);
  const bool surrogate = character >= 0xD800 && character < 0xE000;
  if (overlong || surrogate || character > 0x10FFFF) return broken;
  return {character, bytes};
}

}  // namespace squall::agents
