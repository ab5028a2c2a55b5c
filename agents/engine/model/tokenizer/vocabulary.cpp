#include "agents/engine/model/tokenizer/vocabulary.hpp"

#include <algorithm>
#include <span>

#include "agents/engine/model/gguf_metadata.hpp"
#include "agents/engine/model/model.hpp"

namespace squall::agents {

namespace {

constexpr std::uint64_t no_token = UINT32_MAX;  // how files say that an id is not there

// What ends an answer, by name: files often mark only one of several.
constexpr std::string_view ending_names[] = {
    "<|im_end|>", "<|eot_id|>",    "<|eom_id|>",    "<|end_of_text|>",
    "<|end|>",    "<|endoftext|>", "<end_of_turn>",
};
// What else opens and closes messages; text must not spell these either.
constexpr std::string_view opening_names[] = {
    "<|im_start|>",      "<|start_header_id|>", "<|end_header_id|>",
    "<|begin_of_text|>", "<start_of_turn>",
};

bool is_one_of(std::string_view text, std::span<const std::string_view> names) {
  return std::ranges::find(names, text) != names.end();
}

std::int32_t read_token_id(const GgufMetadata& metadata, std::string_view key, std::size_t count) {
  const auto id = metadata.find_integer(key, {.lowest = 0, .highest = no_token});
  if (!id || *id == no_token) return -1;
  if (*id >= count) {
    throw ModelError(metadata.file_name() + ": metadata key '" + std::string(key) + "' is " +
                     std::to_string(*id) + ", outside the vocabulary of " + std::to_string(count) +
                     "; convert the model again");
  }
  return static_cast<std::int32_t>(*id);
}

void read_kinds(const GgufMetadata& metadata, Vocabulary& vocabulary) {
  for (const std::int64_t kind : metadata.integers("tokenizer.ggml.token_type")) {
    if (kind < 1 || kind > 6) {
      vocabulary.refuse("metadata key 'tokenizer.ggml.token_type' holds the unknown type " +
                        std::to_string(kind) + "; 1 to 6 are possible");
    }
    vocabulary.kinds.push_back(static_cast<TokenKind>(kind));
  }
}

void mark_control_tokens(Vocabulary& vocabulary) {
  // Arrays of different lengths are refused when the tokenizer is made.
  for (std::size_t id = 0; id < std::min(vocabulary.size(), vocabulary.kinds.size()); ++id) {
    TokenKind& kind = vocabulary.kinds[id];
    if (kind == TokenKind::unused || kind == TokenKind::byte) continue;
    const bool ending = is_one_of(vocabulary.texts[id], ending_names);
    if (ending) vocabulary.answer_ends.push_back(static_cast<std::int32_t>(id));
    if (ending || is_one_of(vocabulary.texts[id], opening_names)) kind = TokenKind::control;
  }
}

}  // namespace

bool Vocabulary::is_text(std::int32_t token) const {
  if (!contains(token)) return false;
  const TokenKind kind = kinds[token];
  return kind == TokenKind::normal || kind == TokenKind::user_defined || kind == TokenKind::byte;
}

void Vocabulary::refuse(const std::string& what) const {
  throw ModelError(source + ": " + what + "; convert the model again");
}

Vocabulary read_vocabulary(const GgufMetadata& metadata, bool usually_begins_with_beginning) {
  Vocabulary vocabulary;
  vocabulary.source = metadata.file_name();
  const auto& texts = metadata.texts("tokenizer.ggml.tokens");
  vocabulary.texts.assign(texts.begin(), texts.end());
  const std::size_t count = vocabulary.size();
  read_kinds(metadata, vocabulary);
  vocabulary.beginning = read_token_id(metadata, "tokenizer.ggml.bos_token_id", count);
  vocabulary.end = read_token_id(metadata, "tokenizer.ggml.eos_token_id", count);
  vocabulary.unknown = read_token_id(metadata, "tokenizer.ggml.unknown_token_id", count);
  mark_control_tokens(vocabulary);
  vocabulary.answer_ends.push_back(vocabulary.end);
  for (const std::string_view key :
       {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    vocabulary.answer_ends.push_back(read_token_id(metadata, key, count));
  }
  vocabulary.begin_with_beginning =
      metadata.find_boolean("tokenizer.ggml.add_bos_token").value_or(usually_begins_with_beginning);
  vocabulary.finish_with_end =
      metadata.find_boolean("tokenizer.ggml.add_eos_token").value_or(false);
  return vocabulary;
}

}  // namespace squall::agents
