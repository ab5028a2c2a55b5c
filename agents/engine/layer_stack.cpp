#include "agents/engine/layer_stack.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace squall::agents {

namespace {

/// Buffers that share one allocation begin as allocations do, for the widest loads.
constexpr std::size_t floats_of_alignment = 256 / sizeof(float);

std::size_t aligned(std::size_t floats) {
  return (floats + floats_of_alignment - 1) / floats_of_alignment * floats_of_alignment;
}

/// Floats of what attention, and after it the feed-forward, works in.
std::size_t work_floats(const Hyperparameters& shape, std::size_t tokens) {
  const std::size_t queries = aligned(tokens * shape.heads * shape.head_dimension);
  const std::size_t keys = aligned(tokens * shape.kv_heads * shape.head_dimension);
  return std::max(2 * queries + 2 * keys, 2 * aligned(tokens * shape.feed_forward));
}

}  // namespace

std::uint64_t activation_bytes(const Hyperparameters& shape, const TransformerLimits& limits) {
  return sizeof(float) *
         (2 * std::uint64_t{limits.tokens} * shape.dimension + work_floats(shape, limits.tokens) +
          limits.logits_rows * (shape.dimension + shape.vocabulary));
}

LayerStack::LayerStack(const Model& model, LayerRun run, StackPlace place, TransformerLimits limits)
    : model_(model),
      backend_(*run.backend),
      place_(place),
      rope_divisors_(load_values(model.rope_divisors)),
      query_width_(model.shape.heads * model.shape.head_dimension),
      key_width_(model.shape.kv_heads * model.shape.head_dimension) {
  assert(limits.tokens >= 1 && limits.logits_rows >= 1);
  assert(limits.logits_rows <= limits.wanted_rows);
  assert(place.first_layer + run.layers <= model.layers.size());
  if (place.looks_up_tokens) {
    embedding_ = backend_.load_table(model.token_embedding);
    if (!embedding_->uses_source()) model.release(model.token_embedding);
  }
  layers_.reserve(run.layers);
  for (std::size_t i = 0; i < run.layers; ++i) {
    layers_.push_back(load_layer(model.layers[place.first_layer + i]));
  }
  if (place.makes_logits) {
    output_ = load(model.output);
    output_norm_ = load_values(model.output_norm);
  }
  allocate(limits);
}

std::unique_ptr<kernels::WeightMatrix> LayerStack::load(const kernels::TensorView& weights) {
  auto matrix = backend_.load(weights);
  if (!matrix->uses_source()) model_.release(weights);
  return matrix;
}

/// Of a norm, bias or table of divisors; null where the architecture has none.
const float* LayerStack::load_values(const kernels::TensorView& values) {
  if (values.data == nullptr) return nullptr;
  assert(values.format == kernels::Format::f32);
  return backend_.load_values(
      {reinterpret_cast<const float*>(values.data), values.rows * values.columns});
}

LayerStack::Layer LayerStack::load_layer(const LayerWeights& weights) {
  return {.query = load(weights.query),
          .key = load(weights.key),
          .value = load(weights.value),
          .attention_output = load(weights.attention_output),
          .gate = load(weights.gate),
          .up = load(weights.up),
          .down = load(weights.down),
          .attention_norm = load_values(weights.attention_norm),
          .feed_forward_norm = load_values(weights.feed_forward_norm),
          .query_bias = load_values(weights.query_bias),
          .key_bias = load_values(weights.key_bias),
          .value_bias = load_values(weights.value_bias),
          .query_norm = load_values(weights.query_norm),
          .key_norm = load_values(weights.key_norm),
          .attention_sub_norm = load_values(weights.attention_sub_norm),
          .feed_forward_sub_norm = load_values(weights.feed_forward_sub_norm)};
}

void LayerStack::allocate(TransformerLimits limits) {
  const Hyperparameters& shape = model_.shape;
  const auto floats = [this](std::unique_ptr<kernels::BackendMemory>& memory, std::size_t count) {
    memory = backend_.allocate(count * sizeof(float));
    return memory->floats();
  };
  residual_ = floats(residual_memory_, limits.tokens * shape.dimension);
  normed_ = floats(normed_memory_, limits.tokens * shape.dimension);
  query_ = floats(work_memory_, work_floats(shape, limits.tokens));
  attended_ = query_ + aligned(limits.tokens * query_width_);
  key_ = attended_ + aligned(limits.tokens * query_width_);
  value_ = key_ + aligned(limits.tokens * key_width_);
  gate_ = query_;
  up_ = gate_ + aligned(limits.tokens * shape.feed_forward);
  slots_.reserve(limits.tokens);
  parts_.reserve(limits.tokens);
  if (!place_.makes_logits) return;
  last_ = floats(last_memory_, limits.logits_rows * shape.dimension);
  logits_ = floats(logits_memory_, limits.logits_rows * shape.vocabulary);
}

void LayerStack::begin() {
  slots_.clear();
  parts_.clear();
}

void LayerStack::add_part(const KvSequence& sequence, std::size_t first_position,
                          std::size_t count) {
  const std::size_t offset = slots_.size() * query_width_;
  parts_.push_back({.queries = query_ + offset,
                    .output = attended_ + offset,
                    .count = count,
                    .first_position = first_position,
                    .pages = sequence.pages(place_.run)});
  for (std::size_t i = 0; i < count; ++i) {
    slots_.push_back(sequence.slot(place_.run, first_position + i));
  }
}

void LayerStack::look_up(const PassRows& rows) {
  backend_.embed(*embedding_, rows.tokens, residual_);
}

void LayerStack::take_over(LayerStack& before, const PassRows& rows) {
  const std::size_t count = rows.tokens.size() * model_.shape.dimension;
  backend_.write(before.backend_.read(before.residual_, count), residual_);
}

void LayerStack::compute(const PassRows& rows, const KvCache& cache) {
  const Hyperparameters& shape = model_.shape;
  const std::size_t batch = rows.tokens.size();
  assert(slots_.size() == batch);
  kv_shape_ = cache.shape();
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    backend_.rms_norm(residual_, layers_[i].attention_norm, normed_, batch, shape.dimension,
                      shape.norm_epsilon);
    attend(layers_[i], rows, i * cache.layer_bytes(place_.run));
    backend_.rms_norm(residual_, layers_[i].feed_forward_norm, normed_, batch, shape.dimension,
                      shape.norm_epsilon);
    feed_forward(layers_[i], batch);
  }
}

void LayerStack::wait() { backend_.read(residual_, 1); }

void LayerStack::normalize(const float* weight, float* values, std::size_t batch,
                           std::size_t dimension) {
  if (weight == nullptr) return;
  backend_.rms_norm(values, weight, values, batch, dimension, model_.shape.norm_epsilon);
}

void LayerStack::compute_queries_keys_and_values(const Layer& layer, const PassRows& rows) {
  const Hyperparameters& shape = model_.shape;
  const std::size_t batch = rows.tokens.size();
  const std::array<kernels::Product, 3> products{
      {{layer.query.get(), query_}, {layer.key.get(), key_}, {layer.value.get(), value_}}};
  backend_.multiply(products, normed_, batch);
  if (layer.query_bias) backend_.add_bias(query_, layer.query_bias, batch, query_width_);
  if (layer.key_bias) backend_.add_bias(key_, layer.key_bias, batch, key_width_);
  if (layer.value_bias) backend_.add_bias(value_, layer.value_bias, batch, key_width_);
  normalize(layer.query_norm, query_, batch * shape.heads, shape.head_dimension);
  normalize(layer.key_norm, key_, batch * shape.kv_heads, shape.head_dimension);
  rotate(query_, shape.heads, rows);
  rotate(key_, shape.kv_heads, rows);
}

void LayerStack::rotate(float* values, std::size_t heads, const PassRows& rows) {
  const Hyperparameters& shape = model_.shape;
  backend_.rope(values, rows.positions,
                {.heads = heads,
                 .head_dimension = shape.head_dimension,
                 .rotated_dimensions = shape.rope_dimensions,
                 .base = shape.rope_base,
                 .scale = shape.rope_scale,
                 .pairs = shape.rope_pairs,
                 .frequency_divisors = rope_divisors_});
}

void LayerStack::attend(const Layer& layer, const PassRows& rows, std::size_t page_offset) {
  const std::size_t batch = rows.tokens.size();
  compute_queries_keys_and_values(layer, rows);
  backend_.store_keys_and_values(kv_shape_, slots_, key_, value_, page_offset);
  backend_.attention(
      parts_, kernels::PagedAttention{
                  .heads = model_.shape.heads, .shape = kv_shape_, .page_offset = page_offset});
  normalize(layer.attention_sub_norm, attended_, batch, query_width_);
  add_to_residual(*layer.attention_output, attended_, batch);
}

void LayerStack::feed_forward(const Layer& layer, std::size_t batch) {
  const Hyperparameters& shape = model_.shape;
  const std::array<kernels::Product, 2> products{
      {{layer.gate.get(), gate_}, {layer.up.get(), up_}}};
  backend_.multiply(products, normed_, batch);
  backend_.swiglu(gate_, up_, batch * shape.feed_forward);
  normalize(layer.feed_forward_sub_norm, gate_, batch, shape.feed_forward);
  add_to_residual(*layer.down, gate_, batch);
}

/// Overwrites what was normalized: it has been used by then.
void LayerStack::add_to_residual(const kernels::WeightMatrix& weights, const float* input,
                                 std::size_t batch) {
  backend_.multiply(weights, input, normed_, batch);
  backend_.add(residual_, normed_, batch * model_.shape.dimension);
}

const float* LayerStack::logits(std::span<const std::size_t> rows) {
  const std::size_t dimension = model_.shape.dimension;
  backend_.gather_rows(residual_, rows, dimension, last_);
  normalize(output_norm_, last_, rows.size(), dimension);
  backend_.multiply(*output_, last_, logits_, rows.size());
  return logits_;
}

}  // namespace squall::agents
