#include "agents/engine/model/synthetic/synthetic_model.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <iterator>
#include <new>
#include <optional>
#include <span>
#include <unistd.h>

#include "agents/engine/model/fingerprint.hpp"
#include "agents/engine/model/synthetic/model_plan.hpp"
#include "agents/engine/model/synthetic/random_weights.hpp"
#include "agents/engine/model/synthetic/tokenizer_synthetic.hpp"

namespace squall::agents {

namespace {

using kernels::Format;
using kernels::TensorView;

constexpr std::string_view prefix = "synthetic:";
constexpr std::size_t alignment = 64;

std::string full_name(const NamedShape& shape, const FormatMix& mix) {
  return std::string(prefix) + std::string(shape.name) + "/" + mix.name;
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
  SyntheticModel(const NamedShape& named, const FormatMix& mix);

 private:
  TensorView make_matrix(const PlannedTensor& tensor, Format format);
  TensorView make_vector(const PlannedTensor& tensor);
  TensorView& place_of(const PlannedTensor& tensor);
  std::byte* keep(std::size_t bytes);

  Fingerprint content_;
  std::vector<AlignedBytes> memory_;  // one piece a tensor
};

SyntheticModel::SyntheticModel(const NamedShape& named, const FormatMix& mix) {
  name = full_name(named, mix);
  synthetic = true;
  shape = hyperparameters_of(named);
  layers.resize(shape.layers);
  tokenizer = std::make_unique<SyntheticTokenizer>(named.vocabulary);

  content_.add(std::as_bytes(std::span(name)));
  for (const PlannedTensor& tensor : plan_tensors(shape, named.tied)) {
    const bool vector = tensor.role == TensorRole::norm;
    place_of(tensor) = vector ? make_vector(tensor)
                              : make_matrix(tensor, planned_format(tensor, mix, shape.layers));
  }
  if (named.tied) output = token_embedding;
  fingerprint = content_.text();
}

std::byte* SyntheticModel::keep(std::size_t bytes) {
  memory_.push_back(allocate(bytes));
  weight_bytes += bytes;
  return memory_.back().get();
}

TensorView& SyntheticModel::place_of(const PlannedTensor& tensor) {
  struct Place {
    std::string_view name;  // what follows "blk.N."
    TensorView LayerWeights::*view;
  };
  constexpr Place places[] = {{"attn_norm.weight", &LayerWeights::attention_norm},
                              {"attn_q.weight", &LayerWeights::query},
                              {"attn_k.weight", &LayerWeights::key},
                              {"attn_v.weight", &LayerWeights::value},
                              {"attn_q.bias", &LayerWeights::query_bias},
                              {"attn_k.bias", &LayerWeights::key_bias},
                              {"attn_v.bias", &LayerWeights::value_bias},
                              {"attn_q_norm.weight", &LayerWeights::query_norm},
                              {"attn_k_norm.weight", &LayerWeights::key_norm},
                              {"attn_sub_norm.weight", &LayerWeights::attention_sub_norm},
                              {"attn_output.weight", &LayerWeights::attention_output},
                              {"ffn_norm.weight", &LayerWeights::feed_forward_norm},
                              {"ffn_gate.weight", &LayerWeights::gate},
                              {"ffn_up.weight", &LayerWeights::up},
                              {"ffn_sub_norm.weight", &LayerWeights::feed_forward_sub_norm},
                              {"ffn_down.weight", &LayerWeights::down}};
  if (tensor.name == "token_embd.weight") return token_embedding;
  if (tensor.name == "output_norm.weight") return output_norm;
  if (tensor.name == "output.weight") return output;
  const std::string_view last = std::string_view(tensor.name).substr(tensor.name.find('.', 4) + 1);
  const auto* place = std::ranges::find(places, last, &Place::name);
  assert(place != std::end(places) && "every planned tensor has a place");
  return layers.at(tensor.layer).*place->view;
}

TensorView SyntheticModel::make_matrix(const PlannedTensor& tensor, Format format) {
  const std::size_t columns = tensor.extents[0];
  const std::size_t rows = tensor.extents[1];
  const std::size_t bytes = rows * kernels::bytes_per_row(format, columns);
  std::byte* data = keep(bytes);
  // Products of normed activations then keep a variance of about 1 at any width.
  const double deviation = 1.0 / std::sqrt(static_cast<double>(columns));
  const float scale = fill_with_random_weights(format, {data, bytes}, deviation, memory_.size());
  // The recipe decides all bytes; a page of each tensor makes a changed recipe show.
  content_.add(std::span<const std::byte>(data, std::min<std::size_t>(bytes, 4096)));
  return {format, rows, columns, data, scale};
}

TensorView SyntheticModel::make_vector(const PlannedTensor& tensor) {
  const std::size_t length = tensor.extents[0];
  auto* values = reinterpret_cast<float*>(keep(length * sizeof(float)));
  std::fill_n(values, length, tensor.name.ends_with(".bias") ? 0.0F : 1.0F);
  return {Format::f32, 1, length, reinterpret_cast<std::byte*>(values)};
}

std::uint64_t bytes_of_model(const NamedShape& named, const FormatMix& mix) {
  std::uint64_t bytes = 0;
  for (const PlannedTensor& tensor : plan_tensors(hyperparameters_of(named), named.tied)) {
    const std::uint64_t rows = tensor.extents.size() > 1 ? tensor.extents[1] : 1;
    bytes += kernels::bytes_per_matrix(planned_format(tensor, mix, named.layers), rows,
                                       tensor.extents[0]);
  }
  return bytes;
}

/// Before memory is written: a system that promises more than it has kills who believes it.
void refuse_what_does_not_fit(const std::string& wanted, std::uint64_t bytes) {
  const auto memory = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                      static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (bytes < memory) return;
  constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;
  throw ModelError("'" + wanted + "' needs " + std::to_string(bytes / gibibyte + 1) +
                   " GiB of memory and this machine has " + std::to_string(memory / gibibyte) +
                   " GiB; choose a smaller model or format");
}

[[noreturn]] void refuse(const std::string& wanted) {
  std::string message = "there is no synthetic model '" + wanted +
                        "'; choose synthetic:SHAPE/FORMAT, such as synthetic:llama-135m/q8_0\n"
                        "shapes:";
  for (const NamedShape& shape : named_shapes()) message += " " + std::string(shape.name);
  message += "\nformats:";
  for (const std::string& format : format_mix_names()) message += " " + format;
  throw ModelError(message);
}

}  // namespace

bool is_synthetic_name(std::string_view wanted) { return wanted.starts_with(prefix); }

std::vector<std::string> synthetic_model_names() {
  std::vector<std::string> names;
  for (const NamedShape& shape : named_shapes()) {
    for (const std::string& format : format_mix_names()) {
      names.push_back(full_name(shape, *format_mix_named(format)));
    }
  }
  return names;
}

std::shared_ptr<const Model> make_synthetic_model(const std::string& wanted) {
  if (!is_synthetic_name(wanted)) refuse(wanted);
  const std::string_view rest = std::string_view(wanted).substr(prefix.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const auto shape = std::ranges::find(named_shapes(), rest.substr(0, slash), &NamedShape::name);
  const auto mix = slash < rest.size() ? format_mix_named(rest.substr(slash + 1)) : std::nullopt;
  if (shape == named_shapes().end() || !mix) refuse(wanted);
  refuse_what_does_not_fit(wanted, bytes_of_model(*shape, *mix));
  try {
    return std::make_shared<SyntheticModel>(*shape, *mix);
  } catch (const std::bad_alloc&) {
    throw ModelError("not enough memory for '" + wanted + "'; choose a smaller model");
  }
}

}  // namespace squall::agents
