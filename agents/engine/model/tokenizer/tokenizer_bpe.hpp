#pragma once
// Byte-level BPE, as GPT-2 began it: text is cut into words, each word is bytes, and of all
// neighbours those whose merge was learnt first are merged until none is left.
//
// Vocabularies write bytes as printable characters ("Ġ" is a space); here tokens are the bytes
// themselves. Unchanging after construction, so any thread may use it.

#include <array>
#include <unordered_map>

#include "agents/engine/model/tokenizer/gguf_tokenizer.hpp"
#include "agents/engine/model/tokenizer/pre_tokenizer.hpp"

namespace squall::agents {

struct BpeVocabulary {
  Vocabulary tokens;
  std::vector<std::string> merges;  // "Ġ t": by rank
  PreTokenizer words = PreTokenizer::gpt2;
  bool whole_words_first = false;  // a word that is a token is that token, whatever merges say
};

/// From the tokenizer.ggml.* keys; throws ModelError naming the key that is missing or wrong.
BpeVocabulary read_bpe_vocabulary(const GgufMetadata& metadata);

/// Two neighbours -> the rank of their merge and the token that it makes.
class MergeTable {
 public:
  struct Merge {
    std::uint32_t rank = 0;
    std::int32_t token = -1;  // -1: these two are never merged
  };

  explicit MergeTable(std::size_t merges);
  /// A pair that is there already keeps its rank.
  void add(std::int32_t left, std::int32_t right, Merge merge);
  Merge find(std::int32_t left, std::int32_t right) const;

 private:
  struct Slot {
    std::uint64_t pair = 0;
    Merge merge;
  };
  std::size_t slot_of(std::uint64_t pair) const;

  std::vector<Slot> slots_;  // open addressing; a power of two, at most half full
};

class BpeTokenizer final : public GgufTokenizer {
 public:
  /// Throws ModelError when a merge is not of two tokens into a third. A byte without a token is
  /// spelled as the unknown token, or left out where there is none.
  explicit BpeTokenizer(BpeVocabulary vocabulary);

 private:
  void append_text(std::string_view text, bool begins,
                   std::vector<std::int32_t>& tokens) const override;
  std::string decode_text(std::int32_t token) const override { return bytes_[token]; }
  void index_tokens();
  void index_merges(const std::vector<std::string>& merges);
  void append_word(std::string_view word, std::vector<std::int32_t>& tokens) const;

  PreTokenizer words_;
  bool whole_words_first_;
  std::vector<std::string> bytes_;  // what each token stands for
  std::array<std::int32_t, 256> byte_tokens_{};
  std::unordered_map<std::string_view, std::int32_t> whole_words_;  // into bytes_
  MergeTable merges_;
};

}  // namespace squall::agents
