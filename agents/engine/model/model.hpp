#pragma once
// A model ready to run: hyper-parameters, weights and tokenizer, from a GGUF file or synthesized.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "agents/engine/model/tokenizer.hpp"
#include "kernels/tensor_view.hpp"

namespace squall::agents {

/// A model that cannot be had or cannot be right; the message says what to do about it.
struct ModelError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Hyperparameters {
  std::string architecture;  // "llama"
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
  float norm_epsilon = 1e-5F;
};

struct LayerWeights {
  kernels::TensorView attention_norm, query, key, value, attention_output;
  kernels::TensorView feed_forward_norm, gate, up, down;
};

class Model {
 public:
  virtual ~Model() = default;

  std::string name;         // "stories260k-q8_0", "synthetic:llama-15m/q8_0"
  std::string fingerprint;  // 16 hexadecimal digits; equal models have equal ones
  bool synthetic = false;
  Hyperparameters shape;
  kernels::TensorView token_embedding, output_norm, output;  // output may be the embedding (tied)
  std::vector<LayerWeights> layers;
  std::unique_ptr<Tokenizer> tokenizer;
  std::uint64_t weight_bytes = 0;
};

/// `wanted`: a path to a .gguf file; a name looked for as NAME.gguf in $SQUALL_MODELS, ./models and
/// the user's cache directory (~/.cache/squall/models); or "synthetic:SHAPE/FORMAT".
/// Throws ModelError.
std::shared_ptr<const Model> load_model(const std::string& wanted,
                                        const std::filesystem::path& relative_to = {});

}  // namespace squall::agents
