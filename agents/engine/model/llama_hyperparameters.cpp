#include "agents/engine/model/llama_hyperparameters.hpp"

namespace squall::agents {

namespace {

constexpr std::uint64_t most_positions = 1U << 24;
constexpr std::uint64_t most_layers = 1024;
constexpr std::uint64_t widest_dimension = 1U << 18;
constexpr std::uint64_t widest_feed_forward = 1U << 20;
constexpr std::uint64_t most_heads = 1U << 12;
constexpr std::uint64_t widest_head = 1U << 12;

[[noreturn]] void refuse(const GgufMetadata& metadata, const std::string& what,
                         const std::string& remedy = "the file is damaged; convert it again") {
  throw ModelError(metadata.file_name() + ": " + what + "; " + remedy);
}

/// A number above 0 and no greater than `highest`, or `otherwise` where the key is absent.
float positive_real(const GgufMetadata& metadata, std::string_view key, double highest,
                    double otherwise) {
  const double value = metadata.find_real(key).value_or(otherwise);
  if (!(value > 0) || !(value <= highest)) {
    refuse(metadata, "metadata key '" + std::string(key) + "' must be above 0 and at most " +
                         std::to_string(highest) + " but is " + std::to_string(value));
  }
  return static_cast<float>(value);
}

void refuse_unsupported_variants(const GgufMetadata& metadata) {
  // Present and neither 0 nor false, each of these changes what the right answer is.
  for (const std::string_view key : {"llama.expert_count", "llama.attention.sliding_window"}) {
    if (metadata.find_integer(key, {}).value_or(0) != 0) {
      refuse(metadata, "metadata key '" + std::string(key) + "' asks for what is not supported",
             "use a dense llama model");
    }
  }
  for (const std::string_view key :
       {"llama.logit_scale", "llama.residual_scale", "llama.embedding_scale",
        "llama.attention.scale", "llama.attention.clamp_kqv", "llama.rope.scaling.attn_factor"}) {
    if (metadata.has(key)) {
      refuse(metadata, "metadata key '" + std::string(key) + "' asks for what is not supported",
             "use a plain llama model");
    }
  }
}

float read_rope_scale(const GgufMetadata& metadata) {
  const std::string_view type = metadata.find_text("llama.rope.scaling.type").value_or("none");
  if (type != "none" && type != "linear") {
    refuse(metadata, "the rope scaling '" + std::string(type) + "' is not supported",
           "use a model without rope scaling, or with 'linear'");
  }
  constexpr double greatest_factor = 1e6;
  // Older files have only a factor, and mean linear scaling by it.
  const float older = positive_real(metadata, "llama.rope.scale_linear", greatest_factor, 1.0);
  const float factor = positive_real(metadata, "llama.rope.scaling.factor", greatest_factor, older);
  const bool declared_none = metadata.has("llama.rope.scaling.type") && type == "none";
  return declared_none ? 1.0F : 1.0F / factor;
}

void read_heads(const GgufMetadata& metadata, Hyperparameters& shape) {
  shape.heads = metadata.integer("llama.attention.head_count", {1, most_heads});
  shape.kv_heads =
      metadata.find_integer("llama.attention.head_count_kv", {1, most_heads}).value_or(shape.heads);
  if (shape.heads % shape.kv_heads != 0) {
    refuse(metadata, "llama.attention.head_count, " + std::to_string(shape.heads) +
                         ", is no multiple of llama.attention.head_count_kv, " +
                         std::to_string(shape.kv_heads));
  }
  const auto key_length = metadata.find_integer("llama.attention.key_length", {1, widest_head});
  const auto value_length = metadata.find_integer("llama.attention.value_length", {1, widest_head});
  if (!key_length && shape.dimension % shape.heads != 0) {
    refuse(metadata, "llama.embedding_length, " + std::to_string(shape.dimension) +
                         ", is no multiple of llama.attention.head_count, " +
                         std::to_string(shape.heads));
  }
  shape.head_dimension = key_length.value_or(shape.dimension / shape.heads);
  if (value_length.value_or(shape.head_dimension) != shape.head_dimension) {
    refuse(metadata,
           "heads of keys and values differ in length (" + std::to_string(shape.head_dimension) +
               " and " + std::to_string(*value_length) + "), which is not supported",
           "use another model");
  }
}

}  // namespace

Hyperparameters read_llama_hyperparameters(const GgufMetadata& metadata, std::size_t vocabulary) {
  Hyperparameters shape;
  shape.architecture = "llama";
  refuse_unsupported_variants(metadata);
  shape.vocabulary = vocabulary;
  metadata.find_integer("llama.vocab_size", {vocabulary, vocabulary});
  shape.context = metadata.integer("llama.context_length", {1, most_positions});
  shape.layers = metadata.integer("llama.block_count", {1, most_layers});
  shape.dimension = metadata.integer("llama.embedding_length", {1, widest_dimension});
  shape.feed_forward = metadata.integer("llama.feed_forward_length", {1, widest_feed_forward});
  read_heads(metadata, shape);
  shape.rope_dimensions =
      metadata.find_integer("llama.rope.dimension_count", {2, shape.head_dimension})
          .value_or(shape.head_dimension);
  if (shape.rope_dimensions % 2 != 0) {
    refuse(metadata, "llama.rope.dimension_count must be even but is " +
                         std::to_string(shape.rope_dimensions));
  }
  shape.rope_base = positive_real(metadata, "llama.rope.freq_base", 1e12, 10000.0);
  shape.rope_scale = read_rope_scale(metadata);
  metadata.real("llama.attention.layer_norm_rms_epsilon");
  shape.norm_epsilon = positive_real(metadata, "llama.attention.layer_norm_rms_epsilon", 1.0, 1e-5);
  return shape;
}

}  // namespace squall::agents
