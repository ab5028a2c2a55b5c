#pragma once
// The tokenizer of synthetic models: token 123 is the word " w123".

#include "agents/engine/model/tokenizer/tokenizer.hpp"

namespace squall::agents {

class SyntheticTokenizer final : public Tokenizer {
 public:
  explicit SyntheticTokenizer(std::size_t vocabulary) : vocabulary_(vocabulary) {}

  std::size_t vocabulary() const override { return vocabulary_; }
  /// A word of the vocabulary is its token; any other word is one token, the same each time.
  /// No word spells a control token.
  std::vector<std::int32_t> encode(std::string_view text,
                                   const EncodeOptions& options = {}) const override;
  std::string decode(std::int32_t token) const override;
  std::int32_t end_token() const override { return 2; }
  std::int32_t beginning_token() const override { return 1; }
  bool is_text(std::int32_t token) const override;

 private:
  std::int32_t token_of(std::string_view word) const;

  std::size_t vocabulary_;
};

}  // namespace squall::agents
