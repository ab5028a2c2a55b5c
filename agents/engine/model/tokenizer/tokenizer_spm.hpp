#pragma once
// SentencePiece-style tokenizer: joins the neighbours whose joint token scores best until no join
// is left; what is no token is spelled in bytes.
//
// A space is U+2581 in the vocabulary. Unchanging after construction, so any thread may use it.

#include <array>
#include <unordered_map>

#include "agents/engine/model/tokenizer/gguf_tokenizer.hpp"

namespace squall::agents {

struct SpmVocabulary {
  Vocabulary tokens;
  std::vector<float> scores;     // by id; the higher is joined first
  bool begin_with_space = true;  // each text, and each after a special token, so that a first word
                                 // is like any other
};

/// From the tokenizer.ggml.* keys; throws ModelError naming the key that is missing or wrong.
SpmVocabulary read_spm_vocabulary(const GgufMetadata& metadata);

class SpmTokenizer final : public GgufTokenizer {
 public:
  /// Throws ModelError when the arrays differ in length, an id is outside the vocabulary, or some
  /// text could not be encoded because neither all bytes nor the unknown token are there.
  explicit SpmTokenizer(SpmVocabulary vocabulary);

 private:
  /// Control, unknown, unused and byte tokens never come from text that spells their names.
  void append_text(std::string_view text, bool begins,
                   std::vector<std::int32_t>& tokens) const override;
  std::string decode_text(std::int32_t token) const override;
  void index_tokens();
  void append_bytes(std::string_view text, std::vector<std::int32_t>& tokens) const;

  std::vector<float> scores_;
  bool begin_with_space_;
  std::unordered_map<std::string_view, std::int32_t> joinable_;  // into vocabulary_.texts
  std::array<std::int32_t, 256> byte_tokens_{};                  // -1: spelled as unknown
};

}  // namespace squall::agents
