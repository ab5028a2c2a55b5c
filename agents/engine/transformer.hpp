#pragma once
// One forward pass of a llama model over tokens of several sequences at once.
//
// A sequence's logits depend on its own tokens only: not on what shares the pass, and not on how
// its prompt was cut into pieces. One thread at a time; memory is allocated at construction.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "agents/engine/float_buffer.hpp"
#include "agents/engine/kv_cache.hpp"
#include "agents/engine/model/model.hpp"
#include "kernels/backend.hpp"

namespace squall::agents {

/// For which tokens of a piece logits are computed.
enum class WantedLogits { none, last, all };

/// The next tokens of one sequence.
struct SequencePiece {
  KvCache* cache = nullptr;              // holds all tokens before; extended by these
  std::span<const std::int32_t> tokens;  // at least one, each in the vocabulary
  WantedLogits wanted = WantedLogits::last;
};

struct TransformerLimits {
  std::size_t tokens = 1;       // in one pass
  std::size_t logits_rows = 1;  // likewise
};

class Transformer {
 public:
  Transformer(std::shared_ptr<const Model> model, kernels::Backend& backend,
              TransformerLimits limits);

  /// The wanted logits, [rows, vocabulary], in the order of pieces and tokens; valid until the next
  /// pass. The pieces' caches are all different.
  std::span<const float> forward(std::span<const SequencePiece> pieces);

 private:
  struct Layer {
    std::unique_ptr<kernels::WeightMatrix> query, key, value, attention_output, gate, up, down;
    const float* attention_norm;
    const float* feed_forward_norm;
  };

  void gather_rows(std::span<const SequencePiece> pieces);
  void attend(std::size_t layer_index, std::span<const SequencePiece> pieces);
  void store_keys_and_values(std::size_t layer_index, std::span<const SequencePiece> pieces);
  void feed_forward(const Layer& layer);
  std::span<const float> compute_logits();

  std::shared_ptr<const Model> model_;
  kernels::Backend& backend_;
  TransformerLimits limits_;
  std::vector<Layer> layers_;
  std::unique_ptr<kernels::WeightMatrix> embedding_;
  std::unique_ptr<kernels::WeightMatrix> separate_output_;  // null: the embedding serves
  std::size_t query_width_;
  std::size_t key_width_;

  // The rows of this pass: one a token, all sequences one after the other.
  std::vector<std::int32_t> tokens_;
  std::vector<std::int32_t> positions_;
  std::vector<std::size_t> logits_rows_;  // those of which logits are wanted
  std::vector<kernels::AttentionQuery> queries_;

  FloatBuffer residual_;   // [tokens, dimension]
  FloatBuffer normed_;     // likewise
  FloatBuffer projected_;  // likewise
  FloatBuffer query_;      // [tokens, query width]
  FloatBuffer attended_;   // likewise
  FloatBuffer key_;        // [tokens, key width]
  FloatBuffer value_;      // likewise
  FloatBuffer gate_;       // [tokens, feed forward]
  FloatBuffer up_;         // likewise
  FloatBuffer last_;       // [logits rows, dimension]
  FloatBuffer logits_;     // [logits rows, vocabulary]
};

}  // namespace squall::agents
