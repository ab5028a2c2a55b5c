#include "agents/engine/transformer.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace squall::agents {

namespace {

const float* norm_values(const kernels::TensorView& norm) {
  assert(norm.format == kernels::Format::f32);
  return reinterpret_cast<const float*>(norm.data);
}

}  // namespace

Transformer::Transformer(std::shared_ptr<const Model> model, kernels::Backend& backend,
                         TransformerLimits limits)
    : model_(std::move(model)), backend_(backend), limits_(limits) {
  const Hyperparameters& shape = model_->shape;
  query_width_ = shape.heads * shape.head_dimension;
  key_width_ = shape.kv_heads * shape.head_dimension;
  embedding_ = backend_.load(model_->token_embedding);
  if (model_->output.data != model_->token_embedding.data) {
    separate_output_ = backend_.load(model_->output);
  }
  for (const LayerWeights& weights : model_->layers) {
    layers_.push_back({.query = backend_.load(weights.query),
                       .key = backend_.load(weights.key),
                       .value = backend_.load(weights.value),
                       .attention_output = backend_.load(weights.attention_output),
                       .gate = backend_.load(weights.gate),
                       .up = backend_.load(weights.up),
                       .down = backend_.load(weights.down),
                       .attention_norm = norm_values(weights.attention_norm),
                       .feed_forward_norm = norm_values(weights.feed_forward_norm)});
  }
  for (FloatBuffer* buffer : {&residual_, &normed_, &projected_}) {
    *buffer = FloatBuffer(limits.tokens * shape.dimension);
  }
  for (FloatBuffer* buffer : {&query_, &attended_}) {
    *buffer = FloatBuffer(limits.tokens * query_width_);
  }
  for (FloatBuffer* buffer : {&key_, &value_}) *buffer = FloatBuffer(limits.tokens * key_width_);
  for (FloatBuffer* buffer : {&gate_, &up_}) {
    *buffer = FloatBuffer(limits.tokens * shape.feed_forward);
  }
  last_ = FloatBuffer(limits.logits_rows * shape.dimension);
  logits_ = FloatBuffer(limits.logits_rows * shape.vocabulary);
  tokens_.reserve(limits.tokens);
  positions_.reserve(limits.tokens);
  queries_.reserve(limits.tokens);
  logits_rows_.reserve(limits.logits_rows);
}

std::span<const float> Transformer::forward(std::span<const SequencePiece> pieces) {
  const Hyperparameters& shape = model_->shape;
  gather_rows(pieces);
  backend_.embed(*embedding_, tokens_, residual_.data());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    backend_.rms_norm(residual_.data(), layers_[i].attention_norm, normed_.data(), tokens_.size(),
                      shape.dimension, shape.norm_epsilon);
    attend(i, pieces);
    feed_forward(layers_[i]);
  }
  for (const SequencePiece& piece : pieces) piece.cache->extend(piece.tokens.size());
  return compute_logits();
}

void Transformer::gather_rows(std::span<const SequencePiece> pieces) {
  tokens_.clear();
  positions_.clear();
  logits_rows_.clear();
  for (const SequencePiece& piece : pieces) {
    assert(!piece.tokens.empty());
    assert(piece.cache->length() + piece.tokens.size() <= piece.cache->capacity());
    for (std::size_t i = 0; i < piece.tokens.size(); ++i) {
      const bool last = i + 1 == piece.tokens.size();
      if (piece.wanted == WantedLogits::all || (last && piece.wanted == WantedLogits::last)) {
        logits_rows_.push_back(tokens_.size());
      }
      tokens_.push_back(piece.tokens[i]);
      positions_.push_back(static_cast<std::int32_t>(piece.cache->length() + i));
    }
  }
  assert(tokens_.size() <= limits_.tokens && logits_rows_.size() <= limits_.logits_rows);
}

void Transformer::attend(std::size_t layer_index, std::span<const SequencePiece> pieces) {
  const Hyperparameters& shape = model_->shape;
  const Layer& layer = layers_[layer_index];
  const std::size_t batch = tokens_.size();
  backend_.multiply(*layer.query, normed_.data(), query_.data(), batch);
  backend_.multiply(*layer.key, normed_.data(), key_.data(), batch);
  backend_.multiply(*layer.value, normed_.data(), value_.data(), batch);

  kernels::RopeOptions rope{.heads = shape.heads,
                            .head_dimension = shape.head_dimension,
                            .rotated_dimensions = shape.rope_dimensions,
                            .base = shape.rope_base,
                            .scale = shape.rope_scale};
  backend_.rope(query_.data(), positions_, rope);
  rope.heads = shape.kv_heads;
  backend_.rope(key_.data(), positions_, rope);
  store_keys_and_values(layer_index, pieces);

  queries_.clear();
  for (const SequencePiece& piece : pieces) {
    for (std::size_t i = 0; i < piece.tokens.size(); ++i) {
      const std::size_t offset = queries_.size() * query_width_;
      queries_.push_back({.query = query_.data() + offset,
                          .keys = piece.cache->keys(layer_index),
                          .values = piece.cache->values(layer_index),
                          .length = piece.cache->length() + i + 1,
                          .output = attended_.data() + offset});
    }
  }
  backend_.attention(
      queries_,
      {.heads = shape.heads, .kv_heads = shape.kv_heads, .head_dimension = shape.head_dimension});
  backend_.multiply(*layer.attention_output, attended_.data(), projected_.data(), batch);
  backend_.add(residual_.data(), projected_.data(), batch * shape.dimension);
}

void Transformer::store_keys_and_values(std::size_t layer_index,
                                        std::span<const SequencePiece> pieces) {
  const float* key = key_.data();
  const float* value = value_.data();
  for (const SequencePiece& piece : pieces) {
    const std::size_t count = piece.tokens.size() * key_width_;
    const std::size_t filled = piece.cache->length() * key_width_;
    std::copy_n(key, count, piece.cache->keys(layer_index) + filled);
    std::copy_n(value, count, piece.cache->values(layer_index) + filled);
    key += count;
    value += count;
  }
}

void Transformer::feed_forward(const Layer& layer) {
  const Hyperparameters& shape = model_->shape;
  const std::size_t batch = tokens_.size();
  backend_.rms_norm(residual_.data(), layer.feed_forward_norm, normed_.data(), batch,
                    shape.dimension, shape.norm_epsilon);
  backend_.multiply(*layer.gate, normed_.data(), gate_.data(), batch);
  backend_.multiply(*layer.up, normed_.data(), up_.data(), batch);
  backend_.swiglu(gate_.data(), up_.data(), batch * shape.feed_forward);
  backend_.multiply(*layer.down, gate_.data(), projected_.data(), batch);
  backend_.add(residual_.data(), projected_.data(), batch * shape.dimension);
}

std::span<const float> Transformer::compute_logits() {
  const Hyperparameters& shape = model_->shape;
  const std::size_t rows = logits_rows_.size();
  if (rows == 0) return {};
  for (std::size_t i = 0; i < rows; ++i) {
    std::copy_n(residual_.data() + logits_rows_[i] * shape.dimension, shape.dimension,
                last_.data() + i * shape.dimension);
  }
  backend_.rms_norm(last_.data(), norm_values(model_->output_norm), last_.data(), rows,
                    shape.dimension, shape.norm_epsilon);
  backend_.multiply(separate_output_ ? *separate_output_ : *embedding_, last_.data(),
                    logits_.data(), rows);
  return {logits_.data(), rows * shape.vocabulary};
}

}  // namespace squall::agents
