#pragma once
// One forward pass of a model over tokens of several sequences at once.
//
// A sequence's logits depend on its own tokens only: not on what shares the pass, and not on how
// its prompt was cut into pieces. One thread at a time; memory is allocated at construction.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "agents/engine/cache/kv_cache.hpp"
#include "agents/engine/float_buffer.hpp"
#include "agents/engine/model/model.hpp"
#include "kernels/backend.hpp"

namespace squall::agents {

/// For which tokens of a piece logits are computed.
enum class WantedLogits { none, last, all };

/// The next tokens of one sequence.
struct SequencePiece {
  KvSequence* sequence = nullptr;        // holds all tokens before; extended by these
  std::span<const std::int32_t> tokens;  // at least one, each in the vocabulary
  WantedLogits wanted = WantedLogits::last;
};

struct TransformerLimits {
  std::size_t tokens = 1;       // in one pass
  std::size_t wanted_rows = 1;  // of which logits are wanted, likewise
  std::size_t logits_rows = 1;  // computed at once; at most wanted_rows
};

class Transformer {
 public:
  /// Weights that the backend copies are released as soon as they are copied.
  Transformer(std::shared_ptr<const Model> model, kernels::Backend& backend,
              TransformerLimits limits);

  /// Computes all but the logits; how many rows of them are wanted. The pieces' sequences are all
  /// different and of one cache. After an exception the sequences are as they were.
  std::size_t run(std::span<const SequencePiece> pieces);
  /// The last pass's wanted logits `first` to `first + count`, [count, vocabulary], in the order of
  /// pieces and tokens; valid until the next call.
  std::span<const float> logits(std::size_t first, std::size_t count);
  /// Both, for all wanted rows at once.
  std::span<const float> forward(std::span<const SequencePiece> pieces);

 private:
  struct Layer {
    std::unique_ptr<kernels::WeightMatrix> query, key, value, attention_output, gate, up, down;
    // Null where the architecture has none, but for the first two.
    const float *attention_norm, *feed_forward_norm;
    const float *query_bias, *key_bias, *value_bias, *query_norm, *key_norm;
    const float *attention_sub_norm, *feed_forward_sub_norm;
  };

  std::unique_ptr<kernels::WeightMatrix> load(const kernels::TensorView& weights);
  Layer load_layer(const LayerWeights& weights);
  void allocate();
  void gather_rows(std::span<const SequencePiece> pieces);
  void attend(const Layer& layer, std::size_t page_offset);
  void compute_queries_keys_and_values(const Layer& layer);
  void rotate(float* values, std::size_t heads);
  void feed_forward(const Layer& layer);
  void add_to_residual(const kernels::WeightMatrix& weights, const float* input);
  void normalize(const float* weight, float* values, std::size_t batch, std::size_t dimension);

  std::shared_ptr<const Model> model_;
  kernels::Backend& backend_;
  TransformerLimits limits_;
  std::vector<Layer> layers_;
  std::unique_ptr<kernels::WeightMatrix> embedding_;
  std::unique_ptr<kernels::WeightMatrix> output_;
  std::size_t query_width_;
  std::size_t key_width_;

  // The rows of this pass: one a token, all sequences one after the other.
  std::vector<std::int32_t> tokens_;
  std::vector<std::int32_t> positions_;
  std::vector<std::size_t> wanted_rows_;       // of which logits are wanted
  std::vector<kernels::KvSlot> slots_;         // of the current layer
  std::vector<kernels::AttentionPart> parts_;  // one a piece
  kernels::KvShape kv_shape_;

  FloatBuffer residual_;  // [tokens, dimension]
  FloatBuffer normed_;    // [tokens, dimension]; then what is added to the residual
  FloatBuffer work_;      // attention's values, then the feed-forward's
  float* query_;          // [tokens, query width]
  float* attended_;       // likewise
  float* key_;            // [tokens, key width]
  float* value_;          // likewise
  float* gate_;           // [tokens, feed forward]
  float* up_;             // likewise
  FloatBuffer last_;      // [logits rows, dimension]
  FloatBuffer logits_;    // [logits rows, vocabulary]
};

}  // namespace squall::agents
