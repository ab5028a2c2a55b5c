#include "agents/serve/text/utf8_stream.hpp"

#include <cstddef>

namespace squall::agents {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct Character {
  std::size_t length = 1;  // bytes that belong together
  bool valid = false;
  bool complete = true;  // false: more bytes could make it valid
};

/// How many bytes a character beginning with `lead` has, and the range of the second one
/// (Unicode standard, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF).
struct Form {
  std::size_t length;  // 0: no character begins so
  unsigned char second_lowest = 0x80;
  unsigned char second_highest = 0xBF;
};

Form form_of(unsigned char lead) {
  if (lead < 0x80) return {1};
  if (lead < 0xC2) return {0};
  if (lead < 0xE0) return {2};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead < 0xF4) return {4};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0};
}

/// The character that `bytes`, not empty, begin with.
Character first_character(std::string_view bytes) {
  const Form form = form_of(static_cast<unsigned char>(bytes[0]));
  if (form.length == 0) return {};
  for (std::size_t i = 1; i < form.length; ++i) {
    if (i == bytes.size()) return {.length = i, .valid = false, .complete = false};
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const unsigned char lowest = i == 1 ? form.second_lowest : 0x80;
    const unsigned char highest = i == 1 ? form.second_highest : 0xBF;
    if (byte < lowest || byte > highest) return {.length = i};
  }
  return {.length = form.length, .valid = true};
}

}  // namespace

std::string Utf8Stream::add(std::string_view bytes) {
  held_ += bytes;
  std::string_view left = held_;
  std::string text;
  while (!left.empty()) {
    const Character character = first_character(left);
    if (!character.complete) break;
    text += character.valid ? left.substr(0, character.length) : replacement;
    left.remove_prefix(character.length);
  }
  held_ = std::string(left);
  return text;
}

std::string Utf8Stream::finish() {
  const bool unfinished = !held_.empty();
  held_.clear();
  return std::string(unfinished ? replacement : std::string_view{});
}

}  // namespace squall::agents
