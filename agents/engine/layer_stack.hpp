#pragma once
// One run of a model's layers on its backend: their weights, and the activations of a pass.
//
// What a pass computes (a residual for each token) stays in the backend's memory; from one run to
// the next it crosses through the host. One thread at a time; memory is allocated at construction.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "agents/engine/cache/kv_cache.hpp"
#include "agents/engine/layer_run.hpp"
#include "agents/engine/model/model.hpp"
#include "kernels/backend.hpp"

namespace squall::agents {

struct TransformerLimits {
  std::size_t tokens = 1;       // in one pass
  std::size_t wanted_rows = 1;  // of which logits are wanted, likewise
  std::size_t logits_rows = 1;  // computed at once; at most wanted_rows
};

/// Bytes of a stack's activations, logits included.
std::uint64_t activation_bytes(const Hyperparameters& shape, const TransformerLimits& limits);

/// The rows of a pass: one a token, all sequences one after the other.
struct PassRows {
  std::vector<std::int32_t> tokens;
  std::vector<std::int32_t> positions;
  std::vector<std::size_t> wanted;  // of which logits are wanted
};

/// Where a stack stands in its model.
struct StackPlace {
  std::size_t run = 0;          // its number: of pages and slots
  std::size_t first_layer = 0;  // of the model
  bool looks_up_tokens = true;  // it is the first
  bool makes_logits = true;     // it is the last
};

class LayerStack {
 public:
  /// Weights that the backend copies are released as soon as they are copied.
  LayerStack(const Model& model, LayerRun run, StackPlace place, TransformerLimits limits);

  /// A pass: begin(), a part for each sequence, what goes in, compute().
  void begin();
  /// The sequence has room for `count` tokens after `first_position`.
  void add_part(const KvSequence& sequence, std::size_t first_position, std::size_t count);
  void look_up(const PassRows& rows);
  void take_over(LayerStack& before, const PassRows& rows);  // its residual
  void compute(const PassRows& rows, const KvCache& cache);
  void wait();  // until the backend has done all that

  /// Of these rows of the residual, [rows, vocabulary], in the backend's memory.
  const float* logits(std::span<const std::size_t> rows);
  kernels::Backend& backend() const { return backend_; }

 private:
  struct Layer {
    std::unique_ptr<kernels::WeightMatrix> query, key, value, attention_output, gate, up, down;
    // Null where the architecture has none, but for the first two.
    const float *attention_norm, *feed_forward_norm;
    const float *query_bias, *key_bias, *value_bias, *query_norm, *key_norm;
    const float *attention_sub_norm, *feed_forward_sub_norm;
  };

  std::unique_ptr<kernels::WeightMatrix> load(const kernels::TensorView& weights);
  const float* load_values(const kernels::TensorView& values);
  Layer load_layer(const LayerWeights& weights);
  void allocate(TransformerLimits limits);
  void attend(const Layer& layer, const PassRows& rows, std::size_t page_offset);
  void compute_queries_keys_and_values(const Layer& layer, const PassRows& rows);
  void rotate(float* values, std::size_t heads, const PassRows& rows);
  void feed_forward(const Layer& layer, std::size_t batch);
  void add_to_residual(const kernels::WeightMatrix& weights, const float* input, std::size_t batch);
  void normalize(const float* weight, float* values, std::size_t batch, std::size_t dimension);

  const Model& model_;
  kernels::Backend& backend_;
  StackPlace place_;
  std::vector<Layer> layers_;
  std::unique_ptr<kernels::WeightMatrix> embedding_;  // of the first stack
  std::unique_ptr<kernels::WeightMatrix> output_;     // of the last
  const float* output_norm_ = nullptr;                // likewise
  const float* rope_divisors_;
  std::size_t query_width_;
  std::size_t key_width_;

  std::vector<kernels::KvSlot> slots_;         // of the first layer, one a row
  std::vector<kernels::AttentionPart> parts_;  // one a piece
  kernels::KvShape kv_shape_;

  std::unique_ptr<kernels::BackendMemory> residual_memory_, normed_memory_, work_memory_;
  std::unique_ptr<kernels::BackendMemory> last_memory_, logits_memory_;
  float* residual_;  // [tokens, dimension]
  float* normed_;    // [tokens, dimension]; then what is added to the residual
  // The same memory holds attention's values, then the feed-forward's.
  float* query_;     // [tokens, query width]
  float* attended_;  // likewise
  float* key_;       // [tokens, key width]
  float* value_;     // likewise
  float* gate_;      // [tokens, feed forward]
  float* up_;        // likewise
  float* last_;      // [logits rows, dimension]
  float* logits_;    // [logits rows, vocabulary]
};

}  // namespace squall::agents
