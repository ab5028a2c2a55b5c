#include "agents/engine/model/tokenizer/pre_tokenizer.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "agents/engine/model/tokenizer/unicode_classes.hpp"

namespace squall::agents {

namespace {

struct Character {
  char32_t code;
  CharacterClass character_class;
  std::size_t offset;  // in the text, in bytes
};

/// A piece of text, of which a matcher takes the beginning.
class Rest {
 public:
  Rest(const Character* first, const Character* last) : first_(first), last_(last) {}

  std::size_t size() const { return static_cast<std::size_t>(last_ - first_); }
  bool is(std::size_t at, char32_t code) const { return at < size() && first_[at].code == code; }
  bool is(std::size_t at, CharacterClass wanted) const {
    return at < size() && first_[at].character_class == wanted;
  }
  bool is_letter(std::size_t at) const { return is(at, CharacterClass::letter); }
  bool is_number(std::size_t at) const { return is(at, CharacterClass::number); }
  bool is_space(std::size_t at) const { return is(at, CharacterClass::whitespace); }
  bool is_newline(std::size_t at) const { return is(at, U'\r') || is(at, U'\n'); }
  /// [^\s\p{L}\p{N}]
  bool is_symbol(std::size_t at) const {
    return at < size() && !is_letter(at) && !is_number(at) && !is_space(at);
  }
  bool is_any_case(std::size_t at, char32_t small) const {
    return is(at, small) || is(at, small - U'a' + U'A');
  }
  char32_t operator[](std::size_t at) const { return first_[at].code; }

 private:
  const Character* first_;
  const Character* last_;
};

template <typename Predicate>
std::size_t run_length(std::size_t from, const Predicate& matches) {
  std::size_t at = from;
  while (matches(at)) ++at;
  return at - from;
}

// Each matcher returns how many characters of the beginning it takes; 0: none. The comments are
// the published expressions.

/// 's|'t|'re|'ve|'m|'ll|'d
std::size_t match_contraction(const Rest& text, bool any_case) {
  if (!text.is(0, U'\'')) return 0;
  const auto is = [&](std::size_t at, char32_t small) {
    return any_case ? text.is_any_case(at, small) : text.is(at, small);
  };
  for (const char32_t letter : {U's', U't', U'm', U'd'}) {
    if (is(1, letter)) return 2;
  }
  const bool two =
      (is(1, U'r') && is(2, U'e')) || (is(1, U'v') && is(2, U'e')) || (is(1, U'l') && is(2, U'l'));
  return two ? 3 : 0;
}

/// \s+(?!\S)|\s+
std::size_t match_spaces(const Rest& text) {
  const std::size_t spaces = run_length(0, [&](std::size_t at) { return text.is_space(at); });
  // The last of several before a word belongs to the word.
  return spaces > 1 && spaces < text.size() ? spaces - 1 : spaces;
}

/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::size_t match_gpt2(const Rest& text) {
  if (const std::size_t contraction = match_contraction(text, false)) return contraction;
  const std::size_t space = text.is(0, U' ') ? 1 : 0;
  if (text.is_letter(space)) {
    return space + run_length(space, [&](std::size_t at) { return text.is_letter(at); });
  }
  if (text.is_number(space)) {
    return space + run_length(space, [&](std::size_t at) { return text.is_number(at); });
  }
  if (text.is_symbol(space)) {
    return space + run_length(space, [&](std::size_t at) { return text.is_symbol(at); });
  }
  return match_spaces(text);
}

/// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,most_digits}|
///  ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
std::size_t match_modern(const Rest& text, std::size_t most_digits) {
  if (const std::size_t contraction = match_contraction(text, true)) return contraction;
  const bool may_lead = !text.is_newline(0) && !text.is_number(0);
  const std::size_t leading = may_lead && !text.is_letter(0) ? 1 : 0;
  if (may_lead && text.is_letter(leading)) {
    return leading + run_length(leading, [&](std::size_t at) { return text.is_letter(at); });
  }
  if (text.is_number(0)) {
    return std::min(most_digits, run_length(0, [&](std::size_t at) { return text.is_number(at); }));
  }
  const std::size_t space = text.is(0, U' ') ? 1 : 0;
  if (text.is_symbol(space)) {
    const std::size_t end =
        space + run_length(space, [&](std::size_t at) { return text.is_symbol(at); });
    return end + run_length(end, [&](std::size_t at) { return text.is_newline(at); });
  }
  const std::size_t spaces = run_length(0, [&](std::size_t at) { return text.is_space(at); });
  for (std::size_t count = spaces; count > 0; --count) {
    if (text.is_newline(count - 1)) return count;
  }
  return match_spaces(text);
}

std::size_t match_llama3(const Rest& text) { return match_modern(text, 3); }
std::size_t match_qwen2(const Rest& text) { return match_modern(text, 1); }

/// \p{N}
std::size_t match_number(const Rest& text) { return text.is_number(0) ? 1 : 0; }

/// \p{N}+
std::size_t match_numbers(const Rest& text) {
  return run_length(0, [&](std::size_t at) { return text.is_number(at); });
}

/// [\p{P}\$\+<=>\^~\|]+
std::size_t match_punctuation(const Rest& text) {
  constexpr std::u32string_view also = U"$+<=>^~|";
  return run_length(0, [&](std::size_t at) {
    return text.is(at, CharacterClass::punctuation) ||
           (at < text.size() && also.find(text[at]) != std::u32string_view::npos);
  });
}

/// [0-9][0-9][0-9]
std::size_t match_three_digits(const Rest& text) {
  const auto is_digit = [&](std::size_t at) {
    return at < text.size() && text[at] >= U'0' && text[at] <= U'9';
  };
  return is_digit(0) && is_digit(1) && is_digit(2) ? 3 : 0;
}

using Matcher = std::size_t (*)(const Rest&);

std::vector<Matcher> matchers_of(PreTokenizer rules) {
  switch (rules) {
    case PreTokenizer::gpt2:
      return {match_gpt2};
    case PreTokenizer::llama3:
      return {match_llama3};
    case PreTokenizer::qwen2:
      return {match_qwen2};
    case PreTokenizer::smollm:
      return {match_number, match_gpt2};
    case PreTokenizer::plain:
      return {match_punctuation, match_gpt2, match_numbers, match_three_digits};
  }
  return {};
}

/// Cuts each piece, given by its end, before and after what matches; what does not stays whole.
std::vector<std::size_t> cut(const std::vector<Character>& text,
                             const std::vector<std::size_t>& ends, Matcher match) {
  std::vector<std::size_t> cut_ends;
  cut_ends.reserve(ends.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    std::size_t at = begin;
    while (at < end) {
      const std::size_t length = match(Rest(text.data() + at, text.data() + end));
      if (length == 0) {
        ++at;
        continue;
      }
      if (at > begin) cut_ends.push_back(at);
      at += length;
      begin = at;
      cut_ends.push_back(at);
    }
    if (begin < end) cut_ends.push_back(end);
    begin = end;
  }
  return cut_ends;
}

}  // namespace

std::optional<PreTokenizer> pre_tokenizer_named(std::string_view name) {
  constexpr std::pair<std::string_view, PreTokenizer> names[] = {
      {"gpt-2", PreTokenizer::gpt2},
      {"llama-bpe", PreTokenizer::llama3},
      {"llama3", PreTokenizer::llama3},
      {"llama-v3", PreTokenizer::llama3},
      {"falcon3", PreTokenizer::llama3},
      {"qwen2", PreTokenizer::qwen2},
      {"deepseek-r1-qwen", PreTokenizer::qwen2},
      {"smollm", PreTokenizer::smollm},
      {"default", PreTokenizer::plain},
  };
  const auto* found =
      std::ranges::find(names, name, &std::pair<std::string_view, PreTokenizer>::first);
  if (found == std::end(names)) return std::nullopt;
  return found->second;
}

std::vector<std::string_view> split_into_words(PreTokenizer rules, std::string_view text) {
  std::vector<Character> characters;
  characters.reserve(text.size() + 1);
  for (std::size_t offset = 0; offset < text.size();) {
    const DecodedCharacter next = first_character(text.substr(offset));
    characters.push_back({next.character, class_of(next.character), offset});
    offset += next.bytes;
  }
  std::vector<std::size_t> ends;
  if (!characters.empty()) ends.push_back(characters.size());
  for (const Matcher match : matchers_of(rules)) ends = cut(characters, ends, match);

  std::vector<std::string_view> words;
  words.reserve(ends.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    const std::size_t last = end < characters.size() ? characters[end].offset : text.size();
    words.push_back(text.substr(begin, last - begin));
    begin = last;
  }
  return words;
}

}  // namespace squall::agents
