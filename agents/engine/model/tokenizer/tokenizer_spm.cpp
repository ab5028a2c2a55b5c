#include "agents/engine/model/tokenizer/tokenizer_spm.hpp"

#include <cmath>
#include <optional>
#include <queue>

#include "agents/engine/model/gguf_metadata.hpp"
#include "agents/engine/model/model.hpp"

namespace squall::agents {

namespace {

constexpr std::string_view space_mark = "\xE2\x96\x81";  // U+2581

std::string with_marks_for_spaces(std::string_view text, bool begin_with_space) {
  std::string marked;
  marked.reserve(text.size() + 16);
  if (begin_with_space) marked += space_mark;
  for (const char c : text) {
    if (c == ' ') {
      marked += space_mark;
    } else {
      marked += c;
    }
  }
  return marked;
}

/// Bytes of the character that begins `text`, by its first byte; broken UTF-8 may cut it short.
std::size_t character_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t claimed = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return std::min(claimed, text.size());
}

std::optional<std::uint8_t> hexadecimal_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

/// The byte that "<0x0A>" names.
std::optional<std::uint8_t> named_byte(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text.back() != '>') return std::nullopt;
  const auto high = hexadecimal_digit(text[3]);
  const auto low = hexadecimal_digit(text[4]);
  if (!high || !low) return std::nullopt;
  return static_cast<std::uint8_t>(*high * 16 + *low);
}

/// A piece of text in a list of neighbours; joining empties the right one of two.
struct Symbol {
  std::string_view text;
  int previous;  // -1: none
  int next;      // -1: none
};

struct Join {
  float score;
  int left;
  int right;
  std::size_t bytes;  // of both when this was found; a change since then makes it stale

  /// Lower priority: of equal scores the leftmost goes first.
  bool operator<(const Join& other) const {
    return score < other.score || (score == other.score && left > other.left);
  }
};

std::vector<Symbol> split_into_characters(std::string_view text) {
  std::vector<Symbol> symbols;
  symbols.reserve(text.size());
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    const int index = static_cast<int>(symbols.size());
    symbols.push_back({text.substr(0, bytes), index - 1, index + 1});
    text.remove_prefix(bytes);
  }
  if (!symbols.empty()) symbols.back().next = -1;
  return symbols;
}

}  // namespace

SpmVocabulary read_spm_vocabulary(const GgufMetadata& metadata) {
  SpmVocabulary vocabulary;
  vocabulary.tokens = read_vocabulary(metadata, true);
  vocabulary.scores = metadata.reals("tokenizer.ggml.scores");
  vocabulary.begin_with_space =
      metadata.find_boolean("tokenizer.ggml.add_space_prefix").value_or(true);
  return vocabulary;
}

SpmTokenizer::SpmTokenizer(SpmVocabulary vocabulary)
    : GgufTokenizer(std::move(vocabulary.tokens)),
      scores_(std::move(vocabulary.scores)),
      begin_with_space_(vocabulary.begin_with_space) {
  if (scores_.size() != vocabulary_.size()) {
    vocabulary_.refuse("the vocabulary has " + std::to_string(vocabulary_.size()) +
                       " tokens, but " + std::to_string(scores_.size()) +
                       " scores (tokenizer.ggml.scores)");
  }
  for (const float score : scores_) {
    if (!std::isfinite(score)) {
      vocabulary_.refuse("tokenizer.ggml.scores holds a value that is no number");
    }
  }
  index_tokens();
}

void SpmTokenizer::index_tokens() {
  byte_tokens_.fill(-1);
  for (std::size_t id = 0; id < vocabulary_.size(); ++id) {
    const std::string& text = vocabulary_.texts[id];
    const TokenKind kind = vocabulary_.kinds[id];
    if (kind == TokenKind::byte) {
      const auto byte = named_byte(text);
      if (!byte) {
        vocabulary_.refuse("token " + std::to_string(id) +
                           " is of the type 'byte' but is called '" + text.substr(0, 40) +
                           "' instead of <0x00> to <0xFF>");
      }
      byte_tokens_[*byte] = static_cast<std::int32_t>(id);
    } else if (kind == TokenKind::normal || kind == TokenKind::user_defined) {
      joinable_.emplace(text, static_cast<std::int32_t>(id));
    }
  }
  for (std::size_t byte = 0; byte < byte_tokens_.size(); ++byte) {
    if (byte_tokens_[byte] < 0 && vocabulary_.unknown < 0) {
      vocabulary_.refuse("the vocabulary has neither a token for the byte " + std::to_string(byte) +
                         " nor an unknown token, so some texts have no tokens");
    }
  }
}

void SpmTokenizer::append_text(std::string_view text, bool begins,
                               std::vector<std::int32_t>& tokens) const {
  const std::string marked = with_marks_for_spaces(text, begins && begin_with_space_);
  std::vector<Symbol> symbols = split_into_characters(marked);

  std::priority_queue<Join> joins;
  const auto consider = [&](int left, int right) {
    if (left < 0 || right < 0) return;
    const Symbol& first = symbols[left];
    // Neighbours lie side by side in the text.
    const std::string_view joined(first.text.data(),
                                  first.text.size() + symbols[right].text.size());
    const auto found = joinable_.find(joined);
    if (found == joinable_.end()) return;
    joins.push({scores_[found->second], left, right, joined.size()});
  };
  for (int right = 1; right < static_cast<int>(symbols.size()); ++right) {
    consider(right - 1, right);
  }
  while (!joins.empty()) {
    const Join join = joins.top();
    joins.pop();
    Symbol& left = symbols[join.left];
    Symbol& right = symbols[join.right];
    const bool gone = left.text.empty() || right.text.empty();
    if (gone || left.text.size() + right.text.size() != join.bytes) continue;
    left.text = {left.text.data(), join.bytes};
    right.text = {};
    left.next = right.next;
    if (right.next >= 0) symbols[right.next].previous = join.left;
    consider(left.previous, join.left);
    consider(join.left, left.next);
  }

  for (int i = 0; i >= 0; i = symbols[i].next) {
    const auto found = joinable_.find(symbols[i].text);
    if (found != joinable_.end()) {
      tokens.push_back(found->second);
    } else {
      append_bytes(symbols[i].text, tokens);
    }
  }
}

void SpmTokenizer::append_bytes(std::string_view text, std::vector<std::int32_t>& tokens) const {
  for (const char c : text) {
    const std::int32_t token = byte_tokens_[static_cast<unsigned char>(c)];
    tokens.push_back(token >= 0 ? token : vocabulary_.unknown);
  }
}

std::string SpmTokenizer::decode_text(std::int32_t token) const {
  const std::string_view text = vocabulary_.texts[token];
  if (vocabulary_.kinds[token] == TokenKind::byte) {
    return std::string(1, static_cast<char>(*named_byte(text)));
  }
  std::string decoded;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with(space_mark)) {
      decoded += ' ';
      at += space_mark.size();
    } else {
      decoded += text[at++];
    }
  }
  return decoded;
}

}  // namespace squall::agents
