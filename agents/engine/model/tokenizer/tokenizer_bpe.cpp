#include "agents/engine/model/tokenizer/tokenizer_bpe.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <queue>
#include <utility>

#include "agents/engine/model/gguf_metadata.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/model/tokenizer/unicode_classes.hpp"

namespace squall::agents {

namespace {

/// The byte that a character of a vocabulary stands for: GPT-2's bytes_to_unicode(), backwards.
/// Printable characters of Latin-1 are themselves; the other 68 bytes follow from U+0100 on.
std::optional<unsigned char> byte_of(char32_t character) {
  const auto is_printable = [](char32_t code) {
    return (code >= 0x21 && code <= 0x7E) || (code >= 0xA1 && code <= 0xAC) ||
           (code >= 0xAE && code <= 0xFF);
  };
  if (is_printable(character)) return static_cast<unsigned char>(character);
  static const std::vector<unsigned char> others = [&] {
    std::vector<unsigned char> bytes;
    for (char32_t code = 0; code < 256; ++code) {
      if (!is_printable(code)) bytes.push_back(static_cast<unsigned char>(code));
    }
    return bytes;
  }();
  if (character < 256 || character - 256 >= others.size()) return std::nullopt;
  return others[character - 256];
}

/// Nothing when a character stands for no byte: then the token can only be itself.
std::optional<std::string> bytes_of(std::string_view written) {
  std::string bytes;
  bytes.reserve(written.size());
  while (!written.empty()) {
    const DecodedCharacter next = first_character(written);
    const auto byte = byte_of(next.character);
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
    written.remove_prefix(next.bytes);
  }
  return bytes;
}

/// A token in a list of neighbours; merging empties the right one of two.
struct Symbol {
  std::int32_t token;  // -1: merged into another
  int previous;        // -1: none
  int next;            // -1: none
};

struct Candidate {
  MergeTable::Merge merge;
  int left;
  int right;
  std::int32_t left_token;  // as they were when this was found; a change makes it stale
  std::int32_t right_token;

  /// Lower priority: the earlier merge goes first, and of equal ones the leftmost.
  bool operator<(const Candidate& other) const {
    return merge.rank > other.merge.rank || (merge.rank == other.merge.rank && left > other.left);
  }
};

std::string quoted(std::string_view text) { return "'" + std::string(text.substr(0, 80)) + "'"; }

}  // namespace

BpeVocabulary read_bpe_vocabulary(const GgufMetadata& metadata) {
  BpeVocabulary vocabulary;
  const std::string_view pre = metadata.find_text("tokenizer.ggml.pre").value_or("default");
  const auto words = pre_tokenizer_named(pre);
  if (!words) {
    throw ModelError(metadata.file_name() + ": the pre-tokenizer " + quoted(pre) +
                     " (tokenizer.ggml.pre) is not supported; use a model with 'llama-bpe', "
                     "'qwen2', 'smollm', 'gpt-2' or 'default'");
  }
  vocabulary.words = *words;
  // Llama 3's vocabulary came without merges; those that its files have do not make every token.
  vocabulary.whole_words_first = *words == PreTokenizer::llama3;
  vocabulary.tokens = read_vocabulary(metadata, *words == PreTokenizer::llama3);
  const auto& merges = metadata.texts("tokenizer.ggml.merges");
  vocabulary.merges.assign(merges.begin(), merges.end());
  return vocabulary;
}

MergeTable::MergeTable(std::size_t merges) : slots_(std::bit_ceil(2 * merges + 2)) {}

std::size_t MergeTable::slot_of(std::uint64_t pair) const {
  const std::size_t mask = slots_.size() - 1;
  // Fibonacci hashing: the upper bits of the product are well mixed.
  std::size_t slot = static_cast<std::size_t>((pair * 0x9E3779B97F4A7C15U) >> 20) & mask;
  while (slots_[slot].merge.token >= 0 && slots_[slot].pair != pair) slot = (slot + 1) & mask;
  return slot;
}

void MergeTable::add(std::int32_t left, std::int32_t right, Merge merge) {
  const std::uint64_t pair =
      static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
  Slot& slot = slots_[slot_of(pair)];
  if (slot.merge.token < 0) slot = {pair, merge};
}

MergeTable::Merge MergeTable::find(std::int32_t left, std::int32_t right) const {
  return slots_[slot_of(static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right))]
      .merge;
}

BpeTokenizer::BpeTokenizer(BpeVocabulary vocabulary)
    : GgufTokenizer(std::move(vocabulary.tokens)),
      words_(vocabulary.words),
      whole_words_first_(vocabulary.whole_words_first),
      merges_(vocabulary.merges.size()) {
  index_tokens();
  index_merges(vocabulary.merges);
}

void BpeTokenizer::index_tokens() {
  byte_tokens_.fill(-1);
  bytes_.reserve(vocabulary_.size());
  for (std::size_t id = 0; id < vocabulary_.size(); ++id) {
    const std::string& text = vocabulary_.texts[id];
    const bool written = vocabulary_.kinds[id] == TokenKind::normal;
    const auto bytes = written ? bytes_of(text) : std::nullopt;
    bytes_.push_back(bytes ? *bytes : text);
    if (!bytes || bytes->size() != 1) continue;
    std::int32_t& token = byte_tokens_[static_cast<unsigned char>(bytes->front())];
    if (token < 0) token = static_cast<std::int32_t>(id);
  }
  std::ranges::replace(byte_tokens_, -1, vocabulary_.unknown);
  if (!whole_words_first_) return;
  for (std::size_t id = 0; id < vocabulary_.size(); ++id) {
    if (vocabulary_.kinds[id] == TokenKind::normal) {
      whole_words_.emplace(bytes_[id], static_cast<std::int32_t>(id));
    }
  }
}

void BpeTokenizer::index_merges(const std::vector<std::string>& merges) {
  std::unordered_map<std::string_view, std::int32_t> ids;
  ids.reserve(vocabulary_.size());
  for (std::size_t id = 0; id < vocabulary_.size(); ++id) {
    ids.emplace(vocabulary_.texts[id], static_cast<std::int32_t>(id));
  }
  std::string merged;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string_view merge = merges[rank];
    const auto refuse = [&](const std::string& what) {
      vocabulary_.refuse("merge " + std::to_string(rank) + " of tokenizer.ggml.merges, " +
                         quoted(merge) + ", " + what);
    };
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || space + 1 >= merge.size()) {
      refuse("is not two tokens with a space between them");
    }
    merged.assign(merge.substr(0, space)).append(merge.substr(space + 1));
    const auto left = ids.find(merge.substr(0, space));
    const auto right = ids.find(merge.substr(space + 1));
    const auto result = ids.find(merged);
    if (left == ids.end() || right == ids.end() || result == ids.end()) {
      refuse("needs tokens that the vocabulary lacks");
    }
    // Text never becomes a control token, not even by merges.
    if (!vocabulary_.is_text(result->second)) continue;
    merges_.add(left->second, right->second, {static_cast<std::uint32_t>(rank), result->second});
  }
}

void BpeTokenizer::append_text(std::string_view text, bool /*begins*/,
                               std::vector<std::int32_t>& tokens) const {
  for (const std::string_view word : split_into_words(words_, text)) append_word(word, tokens);
}

void BpeTokenizer::append_word(std::string_view word, std::vector<std::int32_t>& tokens) const {
  if (whole_words_first_) {
    const auto whole = whole_words_.find(word);
    if (whole != whole_words_.end()) {
      tokens.push_back(whole->second);
      return;
    }
  }
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  for (const char c : word) {
    const std::int32_t token = byte_tokens_[static_cast<unsigned char>(c)];
    if (token < 0) continue;
    const int index = static_cast<int>(symbols.size());
    symbols.push_back({token, index - 1, index + 1});
  }
  if (symbols.empty()) return;
  symbols.back().next = -1;

  std::priority_queue<Candidate> candidates;
  const auto consider = [&](int left, int right) {
    if (left < 0 || right < 0) return;
    const std::int32_t first = symbols[left].token;
    const std::int32_t second = symbols[right].token;
    const MergeTable::Merge merge = merges_.find(first, second);
    if (merge.token >= 0) candidates.push({merge, left, right, first, second});
  };
  for (int right = 1; right < static_cast<int>(symbols.size()); ++right) {
    consider(right - 1, right);
  }
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    Symbol& left = symbols[best.left];
    Symbol& right = symbols[best.right];
    if (left.token != best.left_token || right.token != best.right_token) continue;
    left.token = best.merge.token;
    right.token = -1;
    left.next = right.next;
    if (right.next >= 0) symbols[right.next].previous = best.left;
    consider(left.previous, best.left);
    consider(best.left, left.next);
  }
  for (int i = 0; i >= 0; i = symbols[i].next) tokens.push_back(symbols[i].token);
}

}  // namespace squall::agents
