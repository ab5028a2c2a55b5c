#include "agents/engine/model/model_weights.hpp"

#include <set>
#include <utility>

#include "agents/engine/model/fingerprint.hpp"
#include "agents/engine/model/llama_hyperparameters.hpp"
#include "agents/engine/model/tokenizer_spm.hpp"

namespace squall::agents {

namespace {

class GgufModel final : public Model {
 public:
  explicit GgufModel(std::unique_ptr<GgufFile> source) : file(std::move(source)) {}

  std::unique_ptr<GgufFile> file;  // owns the weights
};

/// Hands out the tensors that an architecture asks for, each once, and then tells what was left.
class TensorTaker {
 public:
  explicit TensorTaker(const GgufFile& file) : file_(file) {}

  bool has(const std::string& name) const { return file_.find_tensor(name) != nullptr; }
  kernels::TensorView matrix(const std::string& name, std::size_t rows, std::size_t columns);
  kernels::TensorView norm(const std::string& name, std::size_t columns);
  void refuse_leftovers() const;
  [[noreturn]] void refuse(const std::string& what, const std::string& remedy) const {
    throw ModelError(file_.name() + ": " + what + "; " + remedy);
  }

 private:
  const GgufTensor& take(const std::string& name, const std::string& expected);

  const GgufFile& file_;
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

kernels::TensorView TensorTaker::matrix(const std::string& name, std::size_t rows,
                                        std::size_t columns) {
  const GgufTensor& tensor =
      take(name, "[" + std::to_string(columns) + ", " + std::to_string(rows) + "]");
  return {tensor.format, rows, columns, tensor.data.data()};
}

kernels::TensorView TensorTaker::norm(const std::string& name, std::size_t columns) {
  const GgufTensor& tensor = take(name, "[" + std::to_string(columns) + "]");
  if (tensor.format != kernels::Format::f32) {
    refuse("tensor '" + name + "' must be f32 but is " + std::string(kernels::name(tensor.format)),
           "convert the model again");
  }
  return {tensor.format, 1, columns, tensor.data.data()};
}

void TensorTaker::refuse_leftovers() const {
  for (const GgufTensor& tensor : file_.tensors()) {
    if (taken_.count(tensor.name) != 0) continue;
    const std::string name(tensor.name);
    if (name.starts_with("rope_freqs") || name.starts_with("rope_factors")) {
      refuse("tensor '" + name + "' asks for rope scaling by frequency, which is not supported",
             "use a model without it (before llama 3.1)");
    }
    refuse("tensor '" + name +
               "' is not part of the llama architecture known here, and answers "
               "without it would be wrong",
           "use a plain llama model");
  }
}

LayerWeights take_layer(TensorTaker& tensors, const Hyperparameters& shape, std::size_t index) {
  const std::string prefix = "blk." + std::to_string(index) + ".";
  const std::size_t query_width = shape.heads * shape.head_dimension;
  const std::size_t key_width = shape.kv_heads * shape.head_dimension;
  LayerWeights layer;
  layer.attention_norm = tensors.norm(prefix + "attn_norm.weight", shape.dimension);
  layer.query = tensors.matrix(prefix + "attn_q.weight", query_width, shape.dimension);
  layer.key = tensors.matrix(prefix + "attn_k.weight", key_width, shape.dimension);
  layer.value = tensors.matrix(prefix + "attn_v.weight", key_width, shape.dimension);
  layer.attention_output =
      tensors.matrix(prefix + "attn_output.weight", shape.dimension, query_width);
  layer.feed_forward_norm = tensors.norm(prefix + "ffn_norm.weight", shape.dimension);
  layer.gate = tensors.matrix(prefix + "ffn_gate.weight", shape.feed_forward, shape.dimension);
  layer.up = tensors.matrix(prefix + "ffn_up.weight", shape.feed_forward, shape.dimension);
  layer.down = tensors.matrix(prefix + "ffn_down.weight", shape.dimension, shape.feed_forward);
  return layer;
}

void take_weights(const GgufFile& file, Model& model) {
  TensorTaker tensors(file);
  const Hyperparameters& shape = model.shape;
  model.token_embedding = tensors.matrix("token_embd.weight", shape.vocabulary, shape.dimension);
  for (std::size_t i = 0; i < shape.layers; ++i) {
    model.layers.push_back(take_layer(tensors, shape, i));
  }
  model.output_norm = tensors.norm("output_norm.weight", shape.dimension);
  model.output = tensors.has("output.weight")
                     ? tensors.matrix("output.weight", shape.vocabulary, shape.dimension)
                     : model.token_embedding;
  tensors.refuse_leftovers();
}

}  // namespace

std::shared_ptr<const Model> make_gguf_model(std::unique_ptr<GgufFile> file, std::string name) {
  auto model = std::make_shared<GgufModel>(std::move(file));
  const GgufFile& source = *model->file;
  // The architecture first: of another one, tokenizer and shapes are not worth a complaint.
  const std::string_view architecture = source.metadata().text("general.architecture");
  if (architecture != "llama") {
    throw ModelError(source.name() + ": the architecture '" + std::string(architecture) +
                     "' is not supported; use a model of the architecture 'llama'");
  }
  auto tokenizer = std::make_unique<SpmTokenizer>(read_spm_vocabulary(source.metadata()));
  model->name = std::move(name);
  model->shape = read_llama_hyperparameters(source.metadata(), tokenizer->vocabulary());
  model->tokenizer = std::move(tokenizer);
  take_weights(source, *model);
  for (const GgufTensor& tensor : source.tensors()) model->weight_bytes += tensor.data.size();
  model->fingerprint = fingerprint_of_file(source.bytes(), source.data_offset());
  return model;
}

std::shared_ptr<const Model> read_gguf_model(const std::filesystem::path& path) {
  return make_gguf_model(std::make_unique<GgufFile>(path), path.stem().string());
}

}  // namespace squall::agents
