#pragma once
// Cuts text into the words that byte-level BPE works on; tokens never cross their borders.
//
// Each family trained with a regular expression of its own; here they are hand-written matchers.

#include <optional>
#include <string_view>
#include <vector>

namespace squall::agents {

enum class PreTokenizer {
  gpt2,
  llama3,
  qwen2,
  smollm,  // digits one by one, then as gpt2
  plain    // "default": punctuation apart, then as gpt2, then numbers apart in threes
};

/// By a file's `tokenizer.ggml.pre`: "gpt-2", "llama-bpe", "qwen2", "smollm", "default" and the
/// other names of the same rules.
std::optional<PreTokenizer> pre_tokenizer_named(std::string_view name);

/// The words in order; together they are the whole text, broken UTF-8 included.
std::vector<std::string_view> split_into_words(PreTokenizer rules, std::string_view text);

}  // namespace squall::agents
