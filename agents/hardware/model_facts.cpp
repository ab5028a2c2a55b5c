#include "agents/hardware/model_facts.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "agents/engine/devices/kv_room.hpp"

namespace squall::agents {

using kernels::TensorView;

namespace {

/// Each tensor once, embeddings and norms included.
std::vector<TensorView> tensors_of(const Model& model) {
  std::vector<TensorView> all{model.token_embedding, model.output_norm, model.rope_divisors};
  if (model.output.data != model.token_embedding.data) all.push_back(model.output);
  for (const LayerWeights& layer : model.layers)
    for (const TensorView* each :
         {&layer.attention_norm, &layer.query, &layer.key, &layer.value, &layer.attention_output,
          &layer.query_bias, &layer.key_bias, &layer.value_bias, &layer.query_norm, &layer.key_norm,
          &layer.attention_sub_norm, &layer.feed_forward_norm, &layer.gate, &layer.up, &layer.down,
          &layer.feed_forward_sub_norm})
      all.push_back(*each);
  std::erase_if(all, [](const TensorView& each) { return each.data == nullptr; });
  return all;
}

std::uint64_t values_in(const TensorView& tensor) {
  return static_cast<std::uint64_t>(tensor.rows) * tensor.columns;
}

std::string main_format(const std::vector<TensorView>& tensors) {
  std::array<std::uint64_t, kernels::format_count> counts{};
  for (const TensorView& each : tensors)
    counts[static_cast<std::size_t>(each.format)] += values_in(each);
  const auto most = std::ranges::max_element(counts) - counts.begin();
  return std::string(kernels::name(static_cast<kernels::Format>(most)));
}

/// Each value of a matrix is multiplied once for each token.
std::uint64_t multiply_adds(const Model& model) {
  std::uint64_t sum = values_in(model.output);
  for (const LayerWeights& layer : model.layers)
    for (const TensorView* each : {&layer.query, &layer.key, &layer.value, &layer.attention_output,
                                   &layer.gate, &layer.up, &layer.down})
      sum += values_in(*each);
  return sum;
}

void tell_device(const EngineBackends& backends, scenarios::ModelFacts& facts) {
  bool on_cpu = false;
  for (const BackendShare& share : backends.shares()) {
    if (!share.backend->uses_host_memory()) {
      facts.on_gpu = true;
      facts.gpu = share.backend->name();
      facts.gpu_address = share.address;
    } else if (share.layers > 0) {  // else it only looks tokens up
      on_cpu = true;
    }
  }
  facts.hybrid = facts.on_gpu && on_cpu;
}

}  // namespace

std::uint64_t weight_bytes_of_step(const Model& model) {
  if (model.output.data == model.token_embedding.data) return model.weight_bytes;
  const TensorView& table = model.token_embedding;
  return model.weight_bytes - table.rows * kernels::bytes_per_row(table.format, table.columns);
}

scenarios::ModelFacts model_facts(const Model& model, const EngineBackends& backends,
                                  kernels::KvFormat kv_format, std::uint64_t file_bytes) {
  const auto tensors = tensors_of(model);
  scenarios::ModelFacts facts;
  for (const TensorView& each : tensors) facts.parameters += values_in(each);
  facts.file_bytes = file_bytes;
  facts.format = main_format(tensors);
  facts.weight_bytes = weight_bytes_of_step(model);
  facts.multiply_adds = multiply_adds(model);
  facts.output_multiply_adds = values_in(model.output);
  facts.kv_bytes = kv_page_bytes(model, backends, kv_format) / kernels::positions_per_page;
  tell_device(backends, facts);
  return facts;
}

}  // namespace squall::agents
