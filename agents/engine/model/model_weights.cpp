#include "agents/engine/model/model_weights.hpp"

#include <cmath>
#include <cstring>
#include <set>
#include <span>
#include <utility>

#include "agents/engine/model/architectures/architecture.hpp"
#include "agents/engine/model/architectures/hyperparameters.hpp"
#include "agents/engine/model/fingerprint.hpp"
#include "agents/engine/model/tokenizer/gguf_tokenizer.hpp"

namespace squall::agents {

namespace {

class GgufModel final : public Model {
 public:
  explicit GgufModel(std::unique_ptr<GgufFile> source) : file(std::move(source)) {}

  void release(const kernels::TensorView& weights) const override {
    file->forget(
        {weights.data, weights.rows * kernels::bytes_per_row(weights.format, weights.columns)});
  }

  std::unique_ptr<GgufFile> file;  // owns the weights
};

/// Hands out the tensors that an architecture asks for, each once, and then tells what was left.
class TensorTaker {
 public:
  TensorTaker(const GgufFile& file, const Architecture& architecture)
      : file_(file), architecture_(architecture) {}

  bool has(const std::string& name) const { return file_.find_tensor(name) != nullptr; }
  /// NAME.weight, [rows, columns]; its scale is the format's own and that of NAME.scale.
  kernels::TensorView matrix(const std::string& name, std::size_t rows, std::size_t columns);
  kernels::TensorView vector(const std::string& name, std::size_t length);
  void refuse_leftovers() const;
  [[noreturn]] void refuse(const std::string& what, const std::string& remedy) const {
    throw ModelError(file_.name() + ": " + what + "; " + remedy);
  }

 private:
  const GgufTensor& take(const std::string& name, const std::string& expected);
  std::span<const std::byte> take_floats(const std::string& name, std::size_t length);
  float scale_beside(const std::string& name);

  const GgufFile& file_;
  const Architecture& architecture_;
  std::set<std::string_view> taken_;
};

const GgufTensor& TensorTaker::take(const std::string& name, const std::string& expected) {
  const GgufTensor* tensor = file_.find_tensor(name);
  if (!tensor) {
    refuse("tensor '" + name + "' of the shape " + expected + " is missing",
           "the file is incomplete; convert the model again");
  }
  if (shape_in_words(*tensor) != expected) {
    refuse("tensor '" + name + "' must have the shape " + expected + " but has " +
               shape_in_words(*tensor),
           "weights and metadata belong to different models; convert the model again");
  }
  taken_.insert(tensor->name);
  return *tensor;
}

float first_float(std::span<const std::byte> bytes) {
  float value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

float TensorTaker::scale_beside(const std::string& name) {
  if (!architecture_.matrix_scales || !has(name + ".scale")) return 1.0F;
  return first_float(take_floats(name + ".scale", 1));
}

kernels::TensorView TensorTaker::matrix(const std::string& name, std::size_t rows,
                                        std::size_t columns) {
  const GgufTensor& tensor =
      take(name + ".weight", "[" + std::to_string(columns) + ", " + std::to_string(rows) + "]");
  const float scale = tensor.scale * scale_beside(name);
  if (!std::isfinite(scale)) {
    refuse("the scale of tensor '" + name + ".weight' is no number", "convert the model again");
  }
  return {tensor.format, rows, columns, tensor.data.data(), scale};
}

std::span<const std::byte> TensorTaker::take_floats(const std::string& name, std::size_t length) {
  const GgufTensor& tensor = take(name, "[" + std::to_string(length) + "]");
  if (tensor.format != kernels::Format::f32) {
    refuse("tensor '" + name + "' must be f32 but is " + std::string(kernels::name(tensor.format)),
           "convert the model again");
  }
  return tensor.data;
}

kernels::TensorView TensorTaker::vector(const std::string& name, std::size_t length) {
  return {kernels::Format::f32, 1, length, take_floats(name, length).data()};
}

void TensorTaker::refuse_leftovers() const {
  for (const GgufTensor& tensor : file_.tensors()) {
    if (taken_.count(tensor.name) != 0) continue;
    const std::string name(tensor.name);
    if (name.starts_with("rope_f")) {
      refuse("tensor '" + name + "' asks for a rope scaling that is not supported",
             "use a model without it");
    }
    const std::string architecture(architecture_.name);
    refuse("tensor '" + name + "' is not part of the " + architecture +
               " architecture known here, and answers without it would be wrong",
           "use a plain " + architecture + " model");
  }
}

LayerWeights take_layer(TensorTaker& tensors, const Architecture& architecture,
                        const Hyperparameters& shape, std::size_t index) {
  const std::string prefix = "blk." + std::to_string(index) + ".";
  const std::size_t query_width = shape.heads * shape.head_dimension;
  const std::size_t key_width = shape.kv_heads * shape.head_dimension;
  LayerWeights layer;
  layer.attention_norm = tensors.vector(prefix + "attn_norm.weight", shape.dimension);
  layer.query = tensors.matrix(prefix + "attn_q", query_width, shape.dimension);
  layer.key = tensors.matrix(prefix + "attn_k", key_width, shape.dimension);
  layer.value = tensors.matrix(prefix + "attn_v", key_width, shape.dimension);
  layer.attention_output = tensors.matrix(prefix + "attn_output", shape.dimension, query_width);
  layer.feed_forward_norm = tensors.vector(prefix + "ffn_norm.weight", shape.dimension);
  layer.gate = tensors.matrix(prefix + "ffn_gate", shape.feed_forward, shape.dimension);
  layer.up = tensors.matrix(prefix + "ffn_up", shape.feed_forward, shape.dimension);
  layer.down = tensors.matrix(prefix + "ffn_down", shape.dimension, shape.feed_forward);
  if (architecture.attention_biases) {
    layer.query_bias = tensors.vector(prefix + "attn_q.bias", query_width);
    layer.key_bias = tensors.vector(prefix + "attn_k.bias", key_width);
    layer.value_bias = tensors.vector(prefix + "attn_v.bias", key_width);
  }
  if (architecture.head_norms) {
    layer.query_norm = tensors.vector(prefix + "attn_q_norm.weight", shape.head_dimension);
    layer.key_norm = tensors.vector(prefix + "attn_k_norm.weight", shape.head_dimension);
  }
  if (architecture.sub_norms) {
    layer.attention_sub_norm = tensors.vector(prefix + "attn_sub_norm.weight", query_width);
    layer.feed_forward_sub_norm =
        tensors.vector(prefix + "ffn_sub_norm.weight", shape.feed_forward);
  }
  return layer;
}

/// What each pair's frequency is divided by: llama 3's scaling, worked out by the converter.
kernels::TensorView take_rope_divisors(TensorTaker& tensors, const Hyperparameters& shape) {
  const std::string name = "rope_freqs.weight";
  const kernels::TensorView divisors = tensors.vector(name, shape.rope_dimensions / 2);
  for (std::size_t i = 0; i < divisors.columns; ++i) {
    const float divisor = first_float({divisors.data + i * sizeof(float), sizeof(float)});
    if (!std::isfinite(divisor) || divisor <= 0) {
      tensors.refuse("tensor '" + name + "' holds " + std::to_string(divisor) +
                         ", which no frequency can be divided by",
                     "convert the model again");
    }
  }
  return divisors;
}

void take_weights(const GgufFile& file, const Architecture& architecture, Model& model) {
  TensorTaker tensors(file, architecture);
  const Hyperparameters& shape = model.shape;
  model.token_embedding = tensors.matrix("token_embd", shape.vocabulary, shape.dimension);
  for (std::size_t i = 0; i < shape.layers; ++i) {
    model.layers.push_back(take_layer(tensors, architecture, shape, i));
  }
  model.output_norm = tensors.vector("output_norm.weight", shape.dimension);
  model.output = tensors.has("output.weight")
                     ? tensors.matrix("output", shape.vocabulary, shape.dimension)
                     : model.token_embedding;
  if (architecture.rope_divisors && tensors.has("rope_freqs.weight")) {
    model.rope_divisors = take_rope_divisors(tensors, shape);
  }
  tensors.refuse_leftovers();
}

}  // namespace

std::shared_ptr<const Model> make_gguf_model(std::unique_ptr<GgufFile> file, std::string name) {
  auto model = std::make_shared<GgufModel>(std::move(file));
  const GgufFile& source = *model->file;
  // The architecture first: of another one, tokenizer and shapes are not worth a complaint.
  const std::string_view name_of_architecture = source.metadata().text("general.architecture");
  const Architecture* architecture = find_architecture(name_of_architecture);
  if (!architecture) {
    throw ModelError(source.name() + ": " + refusal_of_architecture(name_of_architecture));
  }
  auto tokenizer = read_tokenizer(source.metadata());
  model->name = std::move(name);
  model->synthetic = source.metadata().find_boolean(random_weights_key).value_or(false);
  model->shape = read_hyperparameters(*architecture, source.metadata(), tokenizer->vocabulary());
  model->tokenizer = std::move(tokenizer);
  model->chat_template = source.metadata().find_text("tokenizer.chat_template").value_or("");
  take_weights(source, *architecture, *model);
  for (const GgufTensor& tensor : source.tensors()) model->weight_bytes += tensor.data.size();
  model->fingerprint = fingerprint_of_file(source.bytes(), source.data_offset());
  return model;
}

std::shared_ptr<const Model> read_gguf_model(const std::filesystem::path& path) {
  return make_gguf_model(std::make_unique<GgufFile>(path), path.stem().string());
}

}  // namespace squall::agents
