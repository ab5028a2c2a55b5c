#include "agents/engine/model/architectures/hyperparameters.hpp"

namespace squall::agents {

namespace {

constexpr std::uint64_t most_positions = 1U << 24;
constexpr std::uint64_t most_layers = 1024;
constexpr std::uint64_t widest_dimension = 1U << 18;
constexpr std::uint64_t widest_feed_forward = 1U << 20;
constexpr std::uint64_t most_heads = 1U << 12;
constexpr std::uint64_t widest_head = 1U << 12;

/// The metadata keys of one architecture, named without its prefix.
class PrefixedKeys {
 public:
  PrefixedKeys(std::string_view prefix, const GgufMetadata& metadata)
      : prefix_(std::string(prefix) + "."), metadata_(metadata) {}

  std::string full(std::string_view key) const { return prefix_ + std::string(key); }
  bool has(std::string_view key) const { return metadata_.has(full(key)); }
  std::uint64_t integer(std::string_view key, IntegerRange range) const {
    return metadata_.integer(full(key), range);
  }
  std::optional<std::uint64_t> find_integer(std::string_view key, IntegerRange range) const {
    return metadata_.find_integer(full(key), range);
  }
  std::optional<std::string_view> find_text(std::string_view key) const {
    return metadata_.find_text(full(key));
  }
  double real(std::string_view key) const { return metadata_.real(full(key)); }

  /// A number above 0 and no greater than `highest`, or `otherwise` where the key is absent.
  float positive_real(std::string_view key, double highest, double otherwise) const {
    const double value = metadata_.find_real(full(key)).value_or(otherwise);
    // The smallest float above 0 is what the arithmetic can still use.
    if (!(static_cast<float>(value) > 0) || !(value <= highest)) {
      refuse("metadata key '" + full(key) + "' must be above 0 and at most " +
             std::to_string(highest) + " but is " + std::to_string(value));
    }
    return static_cast<float>(value);
  }

  [[noreturn]] void refuse(
      const std::string& what,
      const std::string& remedy = "the file is damaged; convert it again") const {
    throw ModelError(metadata_.file_name() + ": " + what + "; " + remedy);
  }

 private:
  std::string prefix_;
  const GgufMetadata& metadata_;
};

void refuse_unsupported_variants(const PrefixedKeys& keys) {
  const auto refuse = [&](std::string_view key) {
    keys.refuse("metadata key '" + keys.full(key) + "' asks for what is not supported",
                "use a plain, dense model of this architecture");
  };
  // Present and neither 0 nor false, each of these changes what the right answer is.
  for (const std::string_view key : {"expert_count", "attention.sliding_window"}) {
    if (keys.find_integer(key, {}).value_or(0) != 0) refuse(key);
  }
  for (const std::string_view key :
       {"logit_scale", "residual_scale", "embedding_scale", "attention.scale",
        "attention.clamp_kqv", "attn_logit_softcapping", "rope.scaling.attn_factor"}) {
    if (keys.has(key)) refuse(key);
  }
}

float read_rope_scale(const PrefixedKeys& keys) {
  const std::string_view type = keys.find_text("rope.scaling.type").value_or("none");
  if (type != "none" && type != "linear") {
    keys.refuse("the rope scaling '" + std::string(type) + "' is not supported",
                "use a model without rope scaling, or with 'linear'");
  }
  constexpr double greatest_factor = 1e6;
  // Older files have only a factor, and mean linear scaling by it.
  const float older = keys.positive_real("rope.scale_linear", greatest_factor, 1.0);
  const float factor = keys.positive_real("rope.scaling.factor", greatest_factor, older);
  const bool declared_none = keys.has("rope.scaling.type") && type == "none";
  return declared_none ? 1.0F : 1.0F / factor;
}

void read_heads(const PrefixedKeys& keys, Hyperparameters& shape) {
  shape.heads = keys.integer("attention.head_count", {1, most_heads});
  shape.kv_heads =
      keys.find_integer("attention.head_count_kv", {1, most_heads}).value_or(shape.heads);
  if (shape.heads % shape.kv_heads != 0) {
    keys.refuse(keys.full("attention.head_count") + ", " + std::to_string(shape.heads) +
                ", is no multiple of " + keys.full("attention.head_count_kv") + ", " +
                std::to_string(shape.kv_heads));
  }
  const auto key_length = keys.find_integer("attention.key_length", {1, widest_head});
  const auto value_length = keys.find_integer("attention.value_length", {1, widest_head});
  if (!key_length && shape.dimension % shape.heads != 0) {
    keys.refuse(keys.full("embedding_length") + ", " + std::to_string(shape.dimension) +
                ", is no multiple of " + keys.full("attention.head_count") + ", " +
                std::to_string(shape.heads));
  }
  shape.head_dimension = key_length.value_or(shape.dimension / shape.heads);
  if (value_length.value_or(shape.head_dimension) != shape.head_dimension) {
    keys.refuse("heads of keys and values differ in length (" +
                    std::to_string(shape.head_dimension) + " and " + std::to_string(*value_length) +
                    "), which is not supported",
                "use another model");
  }
}

}  // namespace

Hyperparameters read_hyperparameters(const Architecture& architecture, const GgufMetadata& metadata,
                                     std::size_t vocabulary) {
  const PrefixedKeys keys(architecture.name, metadata);
  Hyperparameters shape;
  shape.architecture = architecture.name;
  shape.rope_pairs = architecture.rope_pairs;
  refuse_unsupported_variants(keys);
  shape.vocabulary = vocabulary;
  keys.find_integer("vocab_size", {vocabulary, vocabulary});
  shape.context = keys.integer("context_length", {1, most_positions});
  shape.layers = keys.integer("block_count", {1, most_layers});
  shape.dimension = keys.integer("embedding_length", {1, widest_dimension});
  shape.feed_forward = keys.integer("feed_forward_length", {1, widest_feed_forward});
  read_heads(keys, shape);
  shape.rope_dimensions = keys.find_integer("rope.dimension_count", {2, shape.head_dimension})
                              .value_or(shape.head_dimension);
  if (shape.rope_dimensions % 2 != 0) {
    keys.refuse(keys.full("rope.dimension_count") + " must be even but is " +
                std::to_string(shape.rope_dimensions));
  }
  shape.rope_base = keys.positive_real("rope.freq_base", 1e12, 10000.0);
  shape.rope_scale = read_rope_scale(keys);
  keys.real("attention.layer_norm_rms_epsilon");
  shape.norm_epsilon = keys.positive_real("attention.layer_norm_rms_epsilon", 1.0, 1e-5);
  return shape;
}

}  // namespace squall::agents
