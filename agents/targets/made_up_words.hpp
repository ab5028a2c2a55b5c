#pragma once
// Text of an exact number of tokens: words of a vocabulary that are one token each, at the
// beginning, after a space and, where there are enough such, after the line end that chat templates
// put before a message; so counts of words are counts of tokens.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agents/engine/model/tokenizer/tokenizer.hpp"

namespace squall::agents {

/// Unchanging after construction, so any thread may use it.
class MadeUpWords {
 public:
  /// Looks for such words in the vocabulary and tries them in long texts; null: common English
  /// words, each about one token of whatever vocabulary a server has.
  explicit MadeUpWords(const Tokenizer* tokenizer);

  /// So many words with single spaces between and none at the ends; ASCII. With fewer words of the
  /// same seed the text is the beginning of this one.
  std::string text(std::uint64_t seed, std::uint32_t words) const;

  /// Whether n words, from whatever seeds they come, have exactly n tokens without the beginning
  /// token. False without a tokenizer, and for the rare vocabulary in which whole words are no
  /// tokens: then they are the common ones.
  bool exact() const { return exact_; }

 private:
  std::vector<std::string> words_;
  bool exact_ = false;
};

}  // namespace squall::agents
