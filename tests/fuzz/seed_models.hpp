#pragma once
// The smallest right models, one for each architecture and tokenizer: what fuzzing begins with.

#include <string>
#include <utility>
#include <vector>

#include "tests/fixtures/gguf_writer.hpp"

namespace squall::fixtures {

inline void add_seed_vocabulary(GgufWriter& writer, const std::string& pre) {
  const bool sentence_piece = pre.empty();
  std::vector<std::string> tokens{"<unk>", "<s>", "</s>", "<|im_start|>", "<think>"};
  std::vector<std::int32_t> kinds{2, 3, 3, 3, 4};
  for (const char* text : {"a", "b", "1", "ab", "aa", "aab"}) {
    tokens.emplace_back(text);
    kinds.push_back(1);
  }
  tokens.emplace_back(sentence_piece ? "\xE2\x96\x81" : "\xC4\xA0");  // a space
  tokens.emplace_back(sentence_piece ? "<0x0A>" : "\xC4\x8A");        // a newline
  kinds.insert(kinds.end(), {1, sentence_piece ? 6 : 1});
  writer.text("tokenizer.ggml.model", sentence_piece ? "llama" : "gpt2")
      .texts("tokenizer.ggml.tokens", tokens)
      .array("tokenizer.ggml.token_type", gguf_int32, kinds)
      .uint32("tokenizer.ggml.bos_token_id", 1)
      .uint32("tokenizer.ggml.eos_token_id", 2)
      .uint32("tokenizer.ggml.unknown_token_id", 0)
      .uint32("tokenizer.ggml.eot_token_id", 3)
      .number("tokenizer.ggml.add_bos_token", gguf_bool, std::uint8_t{1})
      .number("tokenizer.ggml.add_eos_token", gguf_bool, std::uint8_t{1})
      .text("tokenizer.chat_template", "'<|im_start|>' + message['role'] + '<|im_end|>'");
  if (sentence_piece) {
    std::vector<float> scores;
    for (std::size_t i = 0; i < tokens.size(); ++i) scores.push_back(-static_cast<float>(i));
    writer.array("tokenizer.ggml.scores", gguf_float32, scores)
        .number("tokenizer.ggml.add_space_prefix", gguf_bool, std::uint8_t{1});
  } else {
    writer.text("tokenizer.ggml.pre", pre)
        .texts("tokenizer.ggml.merges", {"a b", "a a", "aa b", "a ab"});
  }
}

/// One layer of dimension 8, two heads and one of keys and values; `pre` empty: SentencePiece.
inline GgufWriter seed_model(const std::string& architecture, const std::string& pre) {
  GgufWriter writer;
  const std::string prefix = architecture + ".";
  writer.text("general.architecture", architecture)
      .uint32(prefix + "context_length", 8)
      .uint32(prefix + "embedding_length", 8)
      .uint32(prefix + "block_count", 1)
      .uint32(prefix + "feed_forward_length", 8)
      .uint32(prefix + "attention.head_count", 2)
      .uint32(prefix + "attention.head_count_kv", 1)
      .uint32(prefix + "attention.key_length", 4)
      .uint32(prefix + "rope.dimension_count", 4)
      .float32(prefix + "rope.freq_base", 10000.0F)
      .text(prefix + "rope.scaling.type", "linear")
      .float32(prefix + "rope.scaling.factor", 2.0F)
      .float32(prefix + "attention.layer_norm_rms_epsilon", 1e-5F);
  add_seed_vocabulary(writer, pre);
  const auto add = [&](const std::string& name, std::vector<std::uint64_t> extents) {
    std::uint64_t count = 1;
    for (const std::uint64_t extent : extents) count *= extent;
    writer.f32_tensor(name, std::move(extents), std::vector<float>(count, 0.5F));
  };
  add("token_embd.weight", {8, 13});
  add("output_norm.weight", {8});
  for (const auto& [name, rows] :
       std::vector<std::pair<std::string, std::uint64_t>>{{"attn_q", 8},
                                                          {"attn_k", 4},
                                                          {"attn_v", 4},
                                                          {"attn_output", 8},
                                                          {"ffn_gate", 8},
                                                          {"ffn_up", 8},
                                                          {"ffn_down", 8}}) {
    add("blk.0." + name + ".weight", {8, rows});
    if (architecture == "bitnet") add("blk.0." + name + ".scale", {1});
    const bool biased =
        architecture == "qwen2" && name.starts_with("attn_") && name != "attn_output";
    if (biased) add("blk.0." + name + ".bias", {rows});
  }
  std::vector<std::string> norms{"attn_norm", "ffn_norm"};
  if (architecture == "bitnet") norms.insert(norms.end(), {"attn_sub_norm", "ffn_sub_norm"});
  for (const std::string& norm : norms) add("blk.0." + norm + ".weight", {8});
  if (architecture == "qwen3") {
    add("blk.0.attn_q_norm.weight", {4});
    add("blk.0.attn_k_norm.weight", {4});
  }
  if (architecture == "llama") add("rope_freqs.weight", {2});
  return writer;
}

/// With names for files.
inline std::vector<std::pair<std::string, GgufWriter>> seed_models() {
  std::vector<std::pair<std::string, GgufWriter>> seeds;
  for (const std::string pre : {"", "llama-bpe", "qwen2", "smollm", "gpt-2", "default"}) {
    seeds.emplace_back("llama-" + (pre.empty() ? "spm" : pre), seed_model("llama", pre));
  }
  seeds.emplace_back("qwen2", seed_model("qwen2", "qwen2"));
  seeds.emplace_back("qwen3", seed_model("qwen3", "qwen2"));
  seeds.emplace_back("bitnet", seed_model("bitnet", ""));
  return seeds;
}

}  // namespace squall::fixtures
