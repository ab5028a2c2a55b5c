#pragma once
// What the tokenizers of GGUF files share: the vocabulary, special tokens, beginning and end.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agents/engine/model/tokenizer/special_tokens.hpp"
#include "agents/engine/model/tokenizer/tokenizer.hpp"
#include "agents/engine/model/tokenizer/vocabulary.hpp"

namespace squall::agents {

class GgufTokenizer : public Tokenizer {
 public:
  /// Throws ModelError when an id or the length of an array does not fit the vocabulary.
  explicit GgufTokenizer(Vocabulary vocabulary);

  std::size_t vocabulary() const override { return vocabulary_.size(); }
  std::vector<std::int32_t> encode(std::string_view text,
                                   const EncodeOptions& options = {}) const override;
  /// Control and unused tokens are empty, as are ids outside the vocabulary; an unknown token is
  /// U+FFFD.
  std::string decode(std::int32_t token) const override;
  std::int32_t end_token() const override { return vocabulary_.end; }
  std::int32_t beginning_token() const override { return vocabulary_.beginning; }
  bool ends_answer(std::int32_t token) const override;
  bool is_text(std::int32_t token) const override { return vocabulary_.is_text(token); }

 protected:
  /// Appends the tokens of text that is not empty and in which no special token is looked for.
  /// `begins`: it is the first of a prompt, or the first after a special token.
  virtual void append_text(std::string_view text, bool begins,
                           std::vector<std::int32_t>& tokens) const = 0;
  /// Of a token that is text.
  virtual std::string decode_text(std::int32_t token) const = 0;

  const Vocabulary vocabulary_;

 private:
  const SpecialTokens special_;
};

/// The tokenizer that `tokenizer.ggml.model` names. Throws ModelError.
std::unique_ptr<Tokenizer> read_tokenizer(const GgufMetadata& metadata);

}  // namespace squall::agents
