#pragma once
// A model ready to run: hyper-parameters, weights and tokenizer, from a GGUF file or synthesized.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "agents/engine/model/tokenizer/tokenizer.hpp"
#include "kernels/backend.hpp"
#include "kernels/tensor_view.hpp"

namespace squall::agents {

/// A model that cannot be had or cannot be right; the message says what to do about it.
struct ModelError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Hyperparameters {
  std::string architecture;  // "llama", "qwen2", "qwen3", "bitnet"
  std::size_t vocabulary = 0;
  std::size_t context = 0;  // positions
  std::size_t layers = 0;
  std::size_t dimension = 0;  // of the residual stream
  std::size_t feed_forward = 0;
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dimension = 0;
  std::size_t rope_dimensions = 0;
  float rope_base = 10000.0F;
  float rope_scale = 1.0F;
  kernels::RopePairs rope_pairs = kernels::RopePairs::neighbours;
  float norm_epsilon = 1e-5F;
};

/// Of the optional ones `data` is null where the architecture has none.
struct LayerWeights {
  kernels::TensorView attention_norm, query, key, value, attention_output;
  kernels::TensorView query_bias, key_bias, value_bias;  // optional (qwen2): added to the products
  kernels::TensorView query_norm, key_norm;  // optional (qwen3): of each head, before rope
  kernels::TensorView attention_sub_norm;    // optional (bitnet): before the output projection
  kernels::TensorView feed_forward_norm, gate, up, down;
  kernels::TensorView feed_forward_sub_norm;  // optional (bitnet): before the down projection
};

/// Metadata of files whose weights are random (boolean): outputs of whoever runs them say so.
inline constexpr std::string_view random_weights_key = "squall.random_weights";

class Model {
 public:
  virtual ~Model() = default;

  std::string name;         // "stories260k-q8_0", "synthetic:llama-15m/q8_0"
  std::string fingerprint;  // 16 hexadecimal digits; equal models have equal ones
  bool synthetic = false;   // random weights: made up here, or a file of `squall model synth`
  Hyperparameters shape;
  kernels::TensorView token_embedding, output_norm, output;  // output may be the embedding (tied)
  std::vector<LayerWeights> layers;
  kernels::TensorView rope_divisors;  // optional (llama 3): one for each pair
  std::unique_ptr<Tokenizer> tokenizer;
  std::string chat_template;  // the file's Jinja text; empty: none
  std::uint64_t weight_bytes = 0;

  /// Tells that a backend has a copy of these weights: pages of the file that only they lie in
  /// need not stay in memory. They can still be read, from the file again.
  virtual void release(const kernels::TensorView& /*weights*/) const {}
};

/// `wanted`: a path to a .gguf file; a name looked for as NAME.gguf in $SQUALL_MODELS, ./models and
/// the user's cache directory (~/.cache/squall/models); or "synthetic:SHAPE/FORMAT".
/// Throws ModelError.
std::shared_ptr<const Model> load_model(const std::string& wanted,
                                        const std::filesystem::path& relative_to = {});

}  // namespace squall::agents
