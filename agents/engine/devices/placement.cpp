#include "agents/engine/devices/placement.hpp"

#include <algorithm>

namespace squall::agents {

namespace {

std::uint64_t bytes_of(const kernels::TensorView& tensor) {
  if (tensor.data == nullptr) return 0;
  return tensor.rows * kernels::bytes_per_row(tensor.format, tensor.columns);
}

std::uint64_t bytes_of(const LayerWeights& layer) {
  std::uint64_t sum = 0;
  for (const kernels::TensorView* each :
       {&layer.attention_norm, &layer.query, &layer.key, &layer.value, &layer.attention_output,
        &layer.query_bias, &layer.key_bias, &layer.value_bias, &layer.query_norm, &layer.key_norm,
        &layer.attention_sub_norm, &layer.feed_forward_norm, &layer.gate, &layer.up, &layer.down,
        &layer.feed_forward_sub_norm}) {
    sum += bytes_of(*each);
  }
  return sum;
}

}  // namespace

std::uint64_t WeightSizes::last_layers(std::size_t count) const {
  std::uint64_t sum = 0;
  for (std::size_t i = layers.size() - std::min(count, layers.size()); i < layers.size(); ++i) {
    sum += layers[i];
  }
  return sum;
}

WeightSizes weight_sizes(const Model& model) {
  WeightSizes sizes{.table = bytes_of(model.token_embedding),
                    .output = bytes_of(model.output) + bytes_of(model.output_norm),
                    .layers = {}};
  for (const LayerWeights& layer : model.layers) sizes.layers.push_back(bytes_of(layer));
  return sizes;
}

std::uint64_t scratch_bytes(const Hyperparameters& shape, const TransformerLimits& limits,
                            std::uint64_t memory) {
  constexpr std::uint64_t small_tables = std::uint64_t{2} << 20;  // norms, tokens, pages, parts
  return 2 * activation_bytes(shape, limits) + small_tables + memory / 32;
}

Placement place_layers(const PlacementQuestion& question) {
  const WeightSizes& weights = question.weights;
  const auto fits = [&](std::size_t layers, std::uint64_t table) {
    const std::uint64_t wanted = question.scratch + table + weights.output +
                                 weights.last_layers(layers) + layers * question.kv_layer_bytes;
    return wanted <= question.memory;
  };
  const std::size_t all = weights.layers.size();
  if (fits(all, weights.table)) return {.gpu_layers = all, .whole = true};
  std::size_t layers = all;
  while (layers > 0 && !fits(layers, 0)) --layers;
  return {.gpu_layers = layers};
}

Placement less(Placement placement) {
  if (placement.whole) return {.gpu_layers = placement.gpu_layers};
  return {.gpu_layers = placement.gpu_layers - 1};
}

}  // namespace squall::agents
