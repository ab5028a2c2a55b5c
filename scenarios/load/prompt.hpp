#pragma once
// What is asked, before any target has made it bytes or tokens: text, or made-up tokens named by a
// seed. Plain data, cheap to copy while synthetic.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace squall::scenarios {

/// So many ordinary tokens of the target's own vocabulary. Equal seeds give equal tokens, and the
/// first n of a longer text are the same as the n of a shorter one.
struct SyntheticText {
  std::uint64_t seed = 0;
  std::uint32_t tokens = 0;

  friend bool operator==(const SyntheticText&, const SyntheticText&) = default;
};
using PromptText = std::variant<SyntheticText, std::string>;

enum class Speaker : unsigned char { system, user, assistant };

struct PromptPart {
  Speaker speaker = Speaker::user;
  PromptText text;

  friend bool operator==(const PromptPart&, const PromptPart&) = default;
};

/// Parts of one speaker that follow one another are one message: a shared prefix, then what is
/// one's own.
struct Prompt {
  std::vector<PromptPart> parts;
  bool conversation = false;  // to be laid out by the model's chat template, where there is one;
                              // else the parts are simply joined

  friend bool operator==(const Prompt&, const Prompt&) = default;
};

/// About how many tokens a text has where no tokenizer is known: one for every four bytes.
inline std::uint64_t estimated_tokens(std::string_view text) { return (text.size() + 3) / 4; }

/// The same of a whole prompt; made-up text has as many as it was asked to have.
inline std::uint64_t estimated_tokens(const Prompt& prompt) {
  std::uint64_t tokens = 0;
  for (const PromptPart& part : prompt.parts)
    if (const auto* made_up = std::get_if<SyntheticText>(&part.text)) {
      tokens += made_up->tokens;
    } else {
      tokens += estimated_tokens(std::get<std::string>(part.text));
    }
  return tokens;
}

}  // namespace squall::scenarios
