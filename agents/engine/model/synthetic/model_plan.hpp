#pragma once
// Which tensors a model of a given shape consists of, and the format of each in a mixture such as
// Q4_K_M.
//
// Names and extents are those of GGUF files of the architectures llama, qwen2, qwen3 and bitnet.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agents/engine/model/model.hpp"
#include "kernels/formats/block_formats.hpp"

namespace squall::agents {

enum class TensorRole {
  token_embedding,
  output,
  attention_query,
  attention_key,
  attention_value,
  attention_output,
  gate,
  up,
  down,
  norm,  // and biases: vectors, always f32
};

struct PlannedTensor {
  std::string name;                    // "blk.3.ffn_down.weight"
  std::vector<std::uint64_t> extents;  // rows' length first
  TensorRole role = TensorRole::norm;
  std::size_t layer = 0;  // of those that belong to one
};

/// What people ask for: one format for all matrices, or a mixture.
struct FormatMix {
  std::string name;          // "q4_k_m"
  kernels::Format base;      // of most matrices
  bool more_bits_m = false;  // some of attention_value and down in q6_k, as "…_m" files have it
};

/// A format's name, or "q4_k_m" or "q5_k_m"; in capitals, too.
std::optional<FormatMix> format_mix_named(std::string_view name);
std::vector<std::string> format_mix_names();

/// The format of a tensor in a mixture. Norms are f32; the ternary formats leave embedding and
/// output in q6_k; a row that is no whole number of blocks gets the nearest format of blocks of 32,
/// as other tools do it: q2_k, q3_k, q4_k: q5_0 (q4_0 for q2_k and q3_k), q5_k: q5_1, q6_k and the
/// ternary: q8_0; f16 where 32 does not fit either.
kernels::Format planned_format(const PlannedTensor& tensor, const FormatMix& mix,
                               std::size_t layers);

/// In the order of files: embedding, layers, norm, output (none if tied).
std::vector<PlannedTensor> plan_tensors(const Hyperparameters& shape, bool tied);

struct NamedShape {
  std::string_view name;  // "llama-1b"
  std::string_view architecture;
  std::size_t layers, dimension, feed_forward, heads, kv_heads, head_dimension, vocabulary, context;
  bool tied;  // the embedding is the output matrix
};
const std::vector<NamedShape>& named_shapes();
Hyperparameters hyperparameters_of(const NamedShape& named);

}  // namespace squall::agents
