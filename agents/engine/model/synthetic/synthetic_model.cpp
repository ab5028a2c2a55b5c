#include "agents/engine/model/synthetic/synthetic_model.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <optional>
#include <span>

#include "agents/engine/model/fingerprint.hpp"
#include "agents/engine/model/synthetic/random_weights.hpp"
#include "agents/engine/model/synthetic/tokenizer_synthetic.hpp"

namespace squall::agents {

namespace {

using kernels::Format;
using kernels::TensorView;

constexpr std::string_view prefix = "synthetic:";
constexpr std::size_t alignment = 64;
constexpr Format formats[] = {Format::f32, Format::f16, Format::q8_0, Format::q4_0};

struct NamedShape {
  std::string_view name;
  std::size_t layers, dimension, feed_forward, heads, kv_heads, vocabulary, context;
  bool tied;  // the embedding is the output matrix
};

constexpr NamedShape shapes[] = {
    {"llama-15m", 6, 288, 768, 6, 6, 32000, 1024, false},
    {"llama-135m", 30, 576, 1536, 9, 3, 49152, 2048, true},
    {"llama-1b", 16, 2048, 8192, 32, 8, 32000, 2048, false},
};

std::string full_name(const NamedShape& shape, Format format) {
  return std::string(prefix) + std::string(shape.name) + "/" + std::string(kernels::name(format));
}

struct AlignedDelete {
  void operator()(std::byte* bytes) const {
    ::operator delete (bytes, std::align_val_t{alignment});
  }
};
using AlignedBytes = std::unique_ptr<std::byte, AlignedDelete>;

AlignedBytes allocate(std::size_t bytes) {
  return AlignedBytes(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{alignment})));
}

class SyntheticModel final : public Model {
 public:
  SyntheticModel(const NamedShape& named, Format format);

 private:
  TensorView make_matrix(std::size_t rows, std::size_t columns);
  TensorView make_norm();
  LayerWeights make_layer();
  std::byte* keep(std::size_t bytes);

  Format format_;
  Fingerprint content_;
  std::vector<AlignedBytes> memory_;  // one piece a tensor
};

SyntheticModel::SyntheticModel(const NamedShape& named, Format format) : format_(format) {
  name = full_name(named, format);
  synthetic = true;
  shape.architecture = "llama";
  shape.vocabulary = named.vocabulary;
  shape.context = named.context;
  shape.layers = named.layers;
  shape.dimension = named.dimension;
  shape.feed_forward = named.feed_forward;
  shape.heads = named.heads;
  shape.kv_heads = named.kv_heads;
  shape.head_dimension = named.dimension / named.heads;
  shape.rope_dimensions = shape.head_dimension;
  tokenizer = std::make_unique<SyntheticTokenizer>(named.vocabulary);

  content_.add(std::as_bytes(std::span(name)));
  token_embedding = make_matrix(shape.vocabulary, shape.dimension);
  for (std::size_t i = 0; i < shape.layers; ++i) layers.push_back(make_layer());
  output_norm = make_norm();
  output = named.tied ? token_embedding : make_matrix(shape.vocabulary, shape.dimension);
  fingerprint = content_.text();
}

LayerWeights SyntheticModel::make_layer() {
  const std::size_t query_width = shape.heads * shape.head_dimension;
  const std::size_t key_width = shape.kv_heads * shape.head_dimension;
  LayerWeights layer;
  layer.attention_norm = make_norm();
  layer.query = make_matrix(query_width, shape.dimension);
  layer.key = make_matrix(key_width, shape.dimension);
  layer.value = make_matrix(key_width, shape.dimension);
  layer.attention_output = make_matrix(shape.dimension, query_width);
  layer.feed_forward_norm = make_norm();
  layer.gate = make_matrix(shape.feed_forward, shape.dimension);
  layer.up = make_matrix(shape.feed_forward, shape.dimension);
  layer.down = make_matrix(shape.dimension, shape.feed_forward);
  return layer;
}

std::byte* SyntheticModel::keep(std::size_t bytes) {
  memory_.push_back(allocate(bytes));
  weight_bytes += bytes;
  return memory_.back().get();
}

TensorView SyntheticModel::make_matrix(std::size_t rows, std::size_t columns) {
  const std::size_t bytes = rows * kernels::bytes_per_row(format_, columns);
  std::byte* data = keep(bytes);
  // Products of normed activations then keep a variance of about 1 at any width.
  const double deviation = 1.0 / std::sqrt(static_cast<double>(columns));
  fill_with_random_weights(format_, {data, bytes}, deviation, memory_.size());
  // The recipe decides all bytes; a page of each tensor makes a changed recipe show.
  content_.add(std::span<const std::byte>(data, std::min<std::size_t>(bytes, 4096)));
  return {format_, rows, columns, data};
}

TensorView SyntheticModel::make_norm() {
  auto* values = reinterpret_cast<float*>(keep(shape.dimension * sizeof(float)));
  std::fill_n(values, shape.dimension, 1.0F);
  return {Format::f32, 1, shape.dimension, reinterpret_cast<std::byte*>(values)};
}

}  // namespace

bool is_synthetic_name(std::string_view wanted) { return wanted.starts_with(prefix); }

std::vector<std::string> synthetic_model_names() {
  std::vector<std::string> names;
  for (const NamedShape& shape : shapes) {
    for (const Format format : formats) names.push_back(full_name(shape, format));
  }
  return names;
}

std::shared_ptr<const Model> make_synthetic_model(const std::string& wanted) {
  for (const NamedShape& shape : shapes) {
    for (const Format format : formats) {
      if (full_name(shape, format) != wanted) continue;
      try {
        return std::make_shared<SyntheticModel>(shape, format);
      } catch (const std::bad_alloc&) {
        throw ModelError("not enough memory for '" + wanted + "'; choose a smaller model");
      }
    }
  }
  std::string list;
  for (const std::string& name : synthetic_model_names()) list += "\n  " + name;
  throw ModelError("there is no synthetic model '" + wanted + "'; choose one of" + list);
}

}  // namespace squall::agents
