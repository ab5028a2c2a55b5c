#pragma once
// SentencePiece-style tokenizer: joins the neighbours whose joint token scores best until no join
// is left; what is no token is spelled in bytes.
//
// A space is U+2581 in the vocabulary. Unchanging after construction, so any thread may use it.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agents/engine/model/tokenizer.hpp"

namespace squall::agents {

class GgufMetadata;

/// Numbered as in tokenizer.ggml.token_type.
enum class TokenKind : std::uint8_t { normal = 1, unknown, control, user_defined, unused, byte };

struct SpmVocabulary {
  std::string source;              // the file, for errors
  std::vector<std::string> texts;  // by id, "<0x0A>" for bytes
  std::vector<float> scores;       // by id; the higher is joined first
  std::vector<TokenKind> kinds;    // by id
  std::int32_t beginning = -1;     // -1: none
  std::int32_t end = -1;
  std::int32_t unknown = -1;
  bool begin_with_beginning = true;  // of every encoded text
  bool begin_with_space = true;      // likewise, so that a first word is like any other
};

/// From the tokenizer.ggml.* keys; throws ModelError naming the key that is missing or wrong.
SpmVocabulary read_spm_vocabulary(const GgufMetadata& metadata);

class SpmTokenizer final : public Tokenizer {
 public:
  /// Throws ModelError when the arrays differ in length, an id is outside the vocabulary, or some
  /// text could not be encoded because neither all bytes nor the unknown token are there.
  explicit SpmTokenizer(SpmVocabulary vocabulary);

  std::size_t vocabulary() const override { return vocabulary_.texts.size(); }
  /// Control, unknown, unused and byte tokens never come from text that spells their names.
  std::vector<std::int32_t> encode(std::string_view text) const override;
  /// Control tokens are empty; an unknown token is U+FFFD; ids outside the vocabulary are empty.
  std::string decode(std::int32_t token) const override;
  std::int32_t end_token() const override { return vocabulary_.end; }
  std::int32_t beginning_token() const override { return vocabulary_.beginning; }
  bool is_text(std::int32_t token) const override;

 private:
  bool contains(std::int32_t token) const;
  void index_tokens();
  [[noreturn]] void refuse(const std::string& what) const;
  void append_bytes(std::string_view text, std::vector<std::int32_t>& tokens) const;

  SpmVocabulary vocabulary_;
  std::unordered_map<std::string_view, std::int32_t> joinable_;  // into vocabulary_.texts
  std::array<std::int32_t, 256> byte_tokens_{};                  // -1: spelled as unknown
};

}  // namespace squall::agents
