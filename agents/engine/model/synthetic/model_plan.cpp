#include "agents/engine/model/synthetic/model_plan.hpp"

#include <algorithm>
#include <cctype>

namespace squall::agents {

namespace {

using kernels::Format;

/// Of the layers, those whose most sensitive matrices get more bits in "_m" mixtures: the first and
/// last eighth and every third between, as the files in circulation have it.
bool gets_more_bits(std::size_t layer, std::size_t layers) {
  const std::size_t eighth = layers / 8;
  return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
}

bool is_ternary(Format format) {
  return format == Format::tq1_0 || format == Format::tq2_0 || format == Format::i2_s;
}

/// What takes the place of a format whose blocks do not fit a row.
Format fitting(Format wanted, std::uint64_t columns) {
  if (columns % kernels::values_per_block(wanted) == 0) return wanted;
  Format smaller = Format::q8_0;
  if (wanted == Format::q2_k || wanted == Format::q3_k) smaller = Format::q4_0;
  if (wanted == Format::q4_k) smaller = Format::q5_0;
  if (wanted == Format::q5_k) smaller = Format::q5_1;
  return columns % kernels::values_per_block(smaller) == 0 ? smaller : Format::f16;
}

std::string lower_case(std::string_view text) {
  std::string lower;
  for (const char c : text) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

class Planner {
 public:
  explicit Planner(const Hyperparameters& shape) : shape_(shape) {}

  std::vector<PlannedTensor> plan(bool tied) {
    // A tied embedding is the output matrix, and as sensitive.
    matrix("token_embd", tied ? TensorRole::output : TensorRole::token_embedding, shape_.dimension,
           shape_.vocabulary);
    for (layer_ = 0; layer_ < shape_.layers; ++layer_) plan_layer();
    layer_ = 0;
    vector("output_norm.weight", shape_.dimension);
    if (!tied) matrix("output", TensorRole::output, shape_.dimension, shape_.vocabulary);
    return std::move(tensors_);
  }

 private:
  void plan_layer() {
    const std::string prefix = "blk." + std::to_string(layer_) + ".";
    const std::uint64_t query = shape_.heads * shape_.head_dimension;
    const std::uint64_t key = shape_.kv_heads * shape_.head_dimension;
    vector(prefix + "attn_norm.weight", shape_.dimension);
    matrix(prefix + "attn_q", TensorRole::attention_query, shape_.dimension, query);
    matrix(prefix + "attn_k", TensorRole::attention_key, shape_.dimension, key);
    matrix(prefix + "attn_v", TensorRole::attention_value, shape_.dimension, key);
    if (shape_.architecture == "qwen2") {
      vector(prefix + "attn_q.bias", query);
      vector(prefix + "attn_k.bias", key);
      vector(prefix + "attn_v.bias", key);
    }
    if (shape_.architecture == "qwen3") {
      vector(prefix + "attn_q_norm.weight", shape_.head_dimension);
      vector(prefix + "attn_k_norm.weight", shape_.head_dimension);
    }
    const bool bitnet = shape_.architecture == "bitnet";
    if (bitnet) vector(prefix + "attn_sub_norm.weight", query);
    matrix(prefix + "attn_output", TensorRole::attention_output, query, shape_.dimension);
    vector(prefix + "ffn_norm.weight", shape_.dimension);
    matrix(prefix + "ffn_gate", TensorRole::gate, shape_.dimension, shape_.feed_forward);
    matrix(prefix + "ffn_up", TensorRole::up, shape_.dimension, shape_.feed_forward);
    if (bitnet) vector(prefix + "ffn_sub_norm.weight", shape_.feed_forward);
    matrix(prefix + "ffn_down", TensorRole::down, shape_.feed_forward, shape_.dimension);
  }
  void matrix(const std::string& name, TensorRole role, std::uint64_t columns, std::uint64_t rows) {
    tensors_.push_back({name + ".weight", {columns, rows}, role, layer_});
  }
  void vector(const std::string& name, std::uint64_t length) {
    tensors_.push_back({name, {length}, TensorRole::norm, layer_});
  }

  const Hyperparameters& shape_;
  std::size_t layer_ = 0;
  std::vector<PlannedTensor> tensors_;
};

}  // namespace

std::optional<FormatMix> format_mix_named(std::string_view name) {
  const std::string lower = lower_case(name);
  if (lower == "q4_k_m") return FormatMix{lower, Format::q4_k, true};
  if (lower == "q5_k_m") return FormatMix{lower, Format::q5_k, true};
  if (const auto format = kernels::format_named(lower)) return FormatMix{lower, *format, false};
  return std::nullopt;
}

std::vector<std::string> format_mix_names() {
  std::vector<std::string> names{"q4_k_m", "q5_k_m"};
  for (std::size_t i = 0; i < kernels::format_count; ++i) {
    names.emplace_back(kernels::name(static_cast<Format>(i)));
  }
  return names;
}

Format planned_format(const PlannedTensor& tensor, const FormatMix& mix, std::size_t layers) {
  Format wanted = mix.base;
  switch (tensor.role) {
    case TensorRole::norm:
      return Format::f32;
    case TensorRole::token_embedding:
    case TensorRole::output:
      if (is_ternary(mix.base) || (mix.more_bits_m && tensor.role == TensorRole::output)) {
        wanted = Format::q6_k;
      }
      break;
    case TensorRole::attention_value:
    case TensorRole::down:
      if (mix.more_bits_m && gets_more_bits(tensor.layer, layers)) wanted = Format::q6_k;
      break;
    default:
      break;
  }
  return fitting(wanted, tensor.extents.front());
}

std::vector<PlannedTensor> plan_tensors(const Hyperparameters& shape, bool tied) {
  return Planner(shape).plan(tied);
}

const std::vector<NamedShape>& named_shapes() {
  static const std::vector<NamedShape> shapes{
      {"llama-15m", "llama", 6, 288, 768, 6, 6, 48, 32000, 1024, false},
      {"llama-135m", "llama", 30, 576, 1536, 9, 3, 64, 49152, 2048, true},
      {"llama-1b", "llama", 16, 2048, 8192, 32, 8, 64, 32000, 2048, false},
      {"llama-7b", "llama", 32, 4096, 11008, 32, 32, 128, 32000, 4096, false},
      {"llama-8b", "llama", 32, 4096, 14336, 32, 8, 128, 128256, 8192, false},
      {"llama-70b", "llama", 80, 8192, 28672, 64, 8, 128, 128256, 8192, false},
      {"qwen2-0.5b", "qwen2", 24, 896, 4864, 14, 2, 64, 151936, 32768, true},
      {"qwen3-0.6b", "qwen3", 28, 1024, 3072, 16, 8, 128, 151936, 32768, true},
      {"bitnet-0.7b", "bitnet", 24, 1536, 4096, 16, 16, 96, 32002, 2048, true},
      {"bitnet-2b", "bitnet", 30, 2560, 6912, 20, 5, 128, 128256, 4096, true},
  };
  return shapes;
}

Hyperparameters hyperparameters_of(const NamedShape& named) {
  Hyperparameters shape;
  shape.architecture = named.architecture;
  shape.vocabulary = named.vocabulary;
  shape.context = named.context;
  shape.layers = named.layers;
  shape.dimension = named.dimension;
  shape.feed_forward = named.feed_forward;
  shape.heads = named.heads;
  shape.kv_heads = named.kv_heads;
  shape.head_dimension = named.head_dimension;
  shape.rope_dimensions = named.head_dimension;
  if (shape.architecture != "llama") shape.rope_pairs = kernels::RopePairs::halves;
  return shape;
}

}  // namespace squall::agents
