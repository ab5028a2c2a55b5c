#pragma once
// Characters of a UTF-8 text and what pre-tokenizers ask of them: letter, number, space, other.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace squall::agents {

/// By Unicode's general categories L, N and P and its property White_Space.
enum class CharacterClass : std::uint8_t { other, letter, number, punctuation, whitespace };

struct ClassRange {
  char32_t first;
  char32_t last;
  CharacterClass character_class;
};

/// In order; what lies between is CharacterClass::other. unicode_ranges.cpp says which version.
std::span<const ClassRange> unicode_ranges();

CharacterClass class_of(char32_t character);

struct DecodedCharacter {
  char32_t character = 0;
  std::size_t bytes = 0;
};

/// U+FFFD of one byte where the text, which is not empty, begins with no valid character.
DecodedCharacter first_character(std::string_view text);

}  // namespace squall::agents
