#include "agents/engine/transformer.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace squall::agents {

namespace {

/// Of a norm, bias or table of divisors; null where the architecture has none.
const float* floats(const kernels::TensorView& values) {
  assert(values.data == nullptr || values.format == kernels::Format::f32);
  return reinterpret_cast<const float*>(values.data);
}

}  // namespace

Transformer::Transformer(std::shared_ptr<const Model> model, kernels::Backend& backend,
                         TransformerLimits limits)
    : model_(std::move(model)), backend_(backend), limits_(limits) {
  assert(limits.tokens >= 1 && limits.logits_rows >= 1);
  assert(limits.logits_rows <= limits.wanted_rows);
  const Hyperparameters& shape = model_->shape;
  query_width_ = shape.heads * shape.head_dimension;
  key_width_ = shape.kv_heads * shape.head_dimension;
  embedding_ = backend_.load_table(model_->token_embedding);
  layers_.reserve(model_->layers.size());
  for (const LayerWeights& weights : model_->layers) layers_.push_back(load_layer(weights));
  output_ = load(model_->output);
  allocate();
}

std::unique_ptr<kernels::WeightMatrix> Transformer::load(const kernels::TensorView& weights) {
  auto matrix = backend_.load(weights);
  if (!matrix->uses_source()) model_->release(weights);
  return matrix;
}

Transformer::Layer Transformer::load_layer(const LayerWeights& weights) {
  return {.query = load(weights.query),
          .key = load(weights.key),
          .value = load(weights.value),
          .attention_output = load(weights.attention_output),
          .gate = load(weights.gate),
          .up = load(weights.up),
          .down = load(weights.down),
          .attention_norm = floats(weights.attention_norm),
          .feed_forward_norm = floats(weights.feed_forward_norm),
          .query_bias = floats(weights.query_bias),
          .key_bias = floats(weights.key_bias),
          .value_bias = floats(weights.value_bias),
          .query_norm = floats(weights.query_norm),
          .key_norm = floats(weights.key_norm),
          .attention_sub_norm = floats(weights.attention_sub_norm),
          .feed_forward_sub_norm = floats(weights.feed_forward_sub_norm)};
}

void Transformer::allocate() {
  const Hyperparameters& shape = model_->shape;
  residual_ = FloatBuffer(limits_.tokens * shape.dimension);
  normed_ = FloatBuffer(limits_.tokens * shape.dimension);
  const std::size_t attention_width = 2 * query_width_ + 2 * key_width_;
  work_ = FloatBuffer(limits_.tokens * std::max(attention_width, 2 * shape.feed_forward));
  query_ = work_.data();
  attended_ = query_ + limits_.tokens * query_width_;
  key_ = attended_ + limits_.tokens * query_width_;
  value_ = key_ + limits_.tokens * key_width_;
  gate_ = work_.data();
  up_ = gate_ + limits_.tokens * shape.feed_forward;
  last_ = FloatBuffer(limits_.logits_rows * shape.dimension);
  logits_ = FloatBuffer(limits_.logits_rows * shape.vocabulary);
  tokens_.reserve(limits_.tokens);
  positions_.reserve(limits_.tokens);
  wanted_rows_.reserve(limits_.wanted_rows);
  slots_.reserve(limits_.tokens);
  parts_.reserve(limits_.tokens);
}

std::span<const float> Transformer::forward(std::span<const SequencePiece> pieces) {
  return logits(0, run(pieces));
}

std::size_t Transformer::run(std::span<const SequencePiece> pieces) {
  const Hyperparameters& shape = model_->shape;
  if (pieces.empty()) return 0;
  gather_rows(pieces);
  kv_shape_ = pieces.front().sequence->cache().shape();
  const std::size_t layer_bytes = pieces.front().sequence->cache().layer_bytes();
  backend_.embed(*embedding_, tokens_, residual_.data());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    backend_.rms_norm(residual_.data(), layers_[i].attention_norm, normed_.data(), tokens_.size(),
                      shape.dimension, shape.norm_epsilon);
    attend(layers_[i], i * layer_bytes);
    for (kernels::KvSlot& slot : slots_) slot.page += layer_bytes;
    backend_.rms_norm(residual_.data(), layers_[i].feed_forward_norm, normed_.data(),
                      tokens_.size(), shape.dimension, shape.norm_epsilon);
    feed_forward(layers_[i]);
  }
  for (const SequencePiece& piece : pieces) piece.sequence->extend(piece.tokens.size());
  return wanted_rows_.size();
}

void Transformer::gather_rows(std::span<const SequencePiece> pieces) {
  tokens_.clear();
  positions_.clear();
  wanted_rows_.clear();
  slots_.clear();
  parts_.clear();
  for (const SequencePiece& piece : pieces) {
    KvSequence& sequence = *piece.sequence;
    assert(!piece.tokens.empty() && &sequence.cache() == &pieces.front().sequence->cache());
    assert(tokens_.size() + piece.tokens.size() <= limits_.tokens);
    const std::size_t first = sequence.length();
    sequence.make_room(piece.tokens.size());
    const std::size_t offset = tokens_.size() * query_width_;
    parts_.push_back({.queries = query_ + offset,
                      .output = attended_ + offset,
                      .count = piece.tokens.size(),
                      .first_position = first,
                      .pages = sequence.pages()});
    for (std::size_t i = 0; i < piece.tokens.size(); ++i) {
      const bool last = i + 1 == piece.tokens.size();
      if (piece.wanted == WantedLogits::all || (last && piece.wanted == WantedLogits::last)) {
        wanted_rows_.push_back(tokens_.size());
      }
      tokens_.push_back(piece.tokens[i]);
      positions_.push_back(static_cast<std::int32_t>(first + i));
      slots_.push_back(sequence.slot(first + i));
    }
  }
  assert(wanted_rows_.size() <= limits_.wanted_rows);
}

void Transformer::normalize(const float* weight, float* values, std::size_t batch,
                            std::size_t dimension) {
  if (weight == nullptr) return;
  backend_.rms_norm(values, weight, values, batch, dimension, model_->shape.norm_epsilon);
}

void Transformer::compute_queries_keys_and_values(const Layer& layer) {
  const Hyperparameters& shape = model_->shape;
  const std::size_t batch = tokens_.size();
  const std::array<kernels::Product, 3> products{
      {{layer.query.get(), query_}, {layer.key.get(), key_}, {layer.value.get(), value_}}};
  backend_.multiply(products, normed_.data(), batch);
  if (layer.query_bias) backend_.add_bias(query_, layer.query_bias, batch, query_width_);
  if (layer.key_bias) backend_.add_bias(key_, layer.key_bias, batch, key_width_);
  if (layer.value_bias) backend_.add_bias(value_, layer.value_bias, batch, key_width_);
  normalize(layer.query_norm, query_, batch * shape.heads, shape.head_dimension);
  normalize(layer.key_norm, key_, batch * shape.kv_heads, shape.head_dimension);
  rotate(query_, shape.heads);
  rotate(key_, shape.kv_heads);
}

void Transformer::rotate(float* values, std::size_t heads) {
  const Hyperparameters& shape = model_->shape;
  backend_.rope(values, positions_,
                {.heads = heads,
                 .head_dimension = shape.head_dimension,
                 .rotated_dimensions = shape.rope_dimensions,
                 .base = shape.rope_base,
                 .scale = shape.rope_scale,
                 .pairs = shape.rope_pairs,
                 .frequency_divisors = floats(model_->rope_divisors)});
}

void Transformer::attend(const Layer& layer, std::size_t page_offset) {
  compute_queries_keys_and_values(layer);
  backend_.store_keys_and_values(kv_shape_, slots_, key_, value_);
  backend_.attention(
      parts_, kernels::PagedAttention{
                  .heads = model_->shape.heads, .shape = kv_shape_, .page_offset = page_offset});
  normalize(layer.attention_sub_norm, attended_, tokens_.size(), query_width_);
  add_to_residual(*layer.attention_output, attended_);
}

void Transformer::feed_forward(const Layer& layer) {
  const Hyperparameters& shape = model_->shape;
  const std::size_t batch = tokens_.size();
  const std::array<kernels::Product, 2> products{
      {{layer.gate.get(), gate_}, {layer.up.get(), up_}}};
  backend_.multiply(products, normed_.data(), batch);
  backend_.swiglu(gate_, up_, batch * shape.feed_forward);
  normalize(layer.feed_forward_sub_norm, gate_, batch, shape.feed_forward);
  add_to_residual(*layer.down, gate_);
}

/// Overwrites what was normalized: it has been used by then.
void Transformer::add_to_residual(const kernels::WeightMatrix& weights, const float* input) {
  backend_.multiply(weights, input, normed_.data(), tokens_.size());
  backend_.add(residual_.data(), normed_.data(), tokens_.size() * model_->shape.dimension);
}

std::span<const float> Transformer::logits(std::size_t first, std::size_t count) {
  const Hyperparameters& shape = model_->shape;
  assert(count <= limits_.logits_rows && first + count <= wanted_rows_.size());
  if (count == 0) return {};
  for (std::size_t i = 0; i < count; ++i) {
    std::copy_n(residual_.data() + wanted_rows_[first + i] * shape.dimension, shape.dimension,
                last_.data() + i * shape.dimension);
  }
  normalize(floats(model_->output_norm), last_.data(), count, shape.dimension);
  backend_.multiply(*output_, last_.data(), logits_.data(), count);
  return {logits_.data(), count * shape.vocabulary};
}

}  // namespace squall::agents
