// Models whose metadata, tokenizer or shapes do not fit: each is refused with what and why.

#include "agents/engine/model/model_weights.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <limits>
#include <map>

#include "tests/fixtures/tiny_llama.hpp"

using namespace squall;
using namespace squall::agents;
using namespace squall::fixtures;

namespace {

std::string refusal(GgufWriter& writer) {
  const auto bytes = writer.bytes();
  try {
    load_from_memory(bytes);
    return {};
  } catch (const ModelError& error) {
    return error.what();
  }
}

void expect_refusal(GgufWriter writer, std::string_view part) {
  const std::string message = refusal(writer);
  BOOST_TEST(message.find(part) != std::string::npos,
             "'" << message << "' should say '" << part << "'");
  BOOST_TEST(message.find("tiny.gguf: ") == 0U, message);
}

/// The tiny model with a key of another value.
GgufWriter with_uint32(const std::string& key, std::uint32_t value) {
  GgufWriter writer = tiny_llama();
  writer.remove_key(key);
  return writer.uint32(key, value);
}

GgufWriter without(const std::string& key) {
  GgufWriter writer = tiny_llama();
  writer.remove_key(key);
  return writer;
}

GgufWriter without_tensor(const std::string& name) {
  GgufWriter writer = tiny_llama();
  std::erase_if(writer.tensors(), [&](const auto& tensor) { return tensor.name == name; });
  return writer;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_right_model_has_its_shape_weights_and_tokenizer) {
  const auto bytes = tiny_llama().bytes();
  const auto model = load_from_memory(bytes);
  BOOST_TEST(model->name == "tiny");
  BOOST_TEST(!model->synthetic);
  BOOST_TEST(model->shape.architecture == "llama");
  BOOST_TEST(model->shape.vocabulary == 260U);
  BOOST_TEST(model->shape.context == 64U);
  BOOST_TEST(model->shape.head_dimension == 8U);
  BOOST_TEST(model->shape.rope_dimensions == 8U);
  BOOST_TEST(model->shape.rope_base == 10000.0F);
  BOOST_TEST(model->shape.rope_scale == 1.0F);
  BOOST_TEST(model->layers.size() == 2U);
  BOOST_TEST(model->layers[1].down.rows == 32U);
  BOOST_TEST(model->layers[1].down.columns == 48U);
  BOOST_TEST(model->tokenizer->vocabulary() == 260U);
  BOOST_TEST(model->output.data != model->token_embedding.data);
  BOOST_TEST(model->weight_bytes > 2U * 260 * 32 * 4);
}

BOOST_AUTO_TEST_CASE(equal_files_have_equal_fingerprints_and_others_do_not) {
  const auto bytes = tiny_llama().bytes();
  auto changed = bytes;
  changed.back() ^= std::byte{1};
  const std::string fingerprint = load_from_memory(bytes)->fingerprint;
  BOOST_TEST(fingerprint.size() == 16U);
  BOOST_TEST(load_from_memory(bytes)->fingerprint == fingerprint);
  BOOST_TEST(load_from_memory(changed)->fingerprint != fingerprint);
}

BOOST_AUTO_TEST_CASE(without_an_output_matrix_the_embedding_serves) {
  const auto bytes = without_tensor("output.weight").bytes();
  const auto model = load_from_memory(bytes);
  BOOST_TEST(model->output.data == model->token_embedding.data);
}

BOOST_AUTO_TEST_CASE(rope_keys_are_taken_over) {
  const auto bytes = tiny_llama()
                         .uint32("llama.rope.dimension_count", 4)
                         .float32("llama.rope.freq_base", 500000)
                         .text("llama.rope.scaling.type", "linear")
                         .float32("llama.rope.scaling.factor", 4)
                         .bytes();
  const auto model = load_from_memory(bytes);
  BOOST_TEST(model->shape.rope_dimensions == 4U);
  BOOST_TEST(model->shape.rope_base == 500000.0F);
  BOOST_TEST(model->shape.rope_scale == 0.25F);
}

BOOST_AUTO_TEST_CASE(unknown_architectures_and_tokenizers_are_named) {
  expect_refusal(without("general.architecture").text("general.architecture", "mamba"),
                 "the architecture 'mamba' is not supported; use a model of the architecture "
                 "'llama', 'qwen2', 'qwen3' or 'bitnet'");
  expect_refusal(
      without("general.architecture").text("general.architecture", "bitnet-b1.58"),
      "'bitnet-b1.58' is not supported (its feed-forward part has squared ReLUs where bitnet");
  expect_refusal(without("tokenizer.ggml.model").text("tokenizer.ggml.model", "bert"),
                 "the tokenizer 'bert' is not supported");
  const auto byte_level = [](const std::string& pre, const std::vector<std::string>& merges) {
    return without("tokenizer.ggml.model")
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", pre)
        .texts("tokenizer.ggml.merges", merges);
  };
  expect_refusal(byte_level("tekken", {}), "the pre-tokenizer 'tekken' (tokenizer.ggml.pre)");
  expect_refusal(byte_level("qwen2", {"a b"}), "merge 0 of tokenizer.ggml.merges, 'a b', needs");
}

BOOST_AUTO_TEST_CASE(every_required_key_is_missed_by_name) {
  for (const std::string key :
       {"general.architecture", "llama.context_length", "llama.embedding_length",
        "llama.block_count", "llama.feed_forward_length", "llama.attention.head_count",
        "llama.attention.layer_norm_rms_epsilon", "tokenizer.ggml.model", "tokenizer.ggml.tokens",
        "tokenizer.ggml.scores", "tokenizer.ggml.token_type"}) {
    expect_refusal(without(key), "lack the key '" + key + "'");
  }
}

BOOST_AUTO_TEST_CASE(every_hyper_parameter_out_of_range_is_named) {
  for (const std::string key :
       {"llama.context_length", "llama.embedding_length", "llama.block_count",
        "llama.feed_forward_length", "llama.attention.head_count", "llama.attention.head_count_kv",
        "llama.rope.dimension_count"}) {
    expect_refusal(with_uint32(key, 0), "'" + key + "' must be between");
    expect_refusal(with_uint32(key, UINT32_MAX), "'" + key + "' must be between");
    expect_refusal(without(key).text(key, "many"), "'" + key + "' must be an integer");
  }
  expect_refusal(with_uint32("llama.attention.head_count_kv", 3), "no multiple");
  expect_refusal(with_uint32("llama.attention.head_count", 6), "no multiple");
  expect_refusal(with_uint32("llama.rope.dimension_count", 3), "must be even but is 3");
  expect_refusal(with_uint32("llama.rope.dimension_count", 10), "between 2 and 8");
  expect_refusal(with_uint32("llama.vocab_size", 261), "between 260 and 260");
  const std::string epsilon = "llama.attention.layer_norm_rms_epsilon";
  for (const float wrong : {0.0F, -1.0F, 2.0F, std::numeric_limits<float>::quiet_NaN()}) {
    expect_refusal(without(epsilon).float32(epsilon, wrong), "'" + epsilon + "' must be above 0");
  }
  expect_refusal(tiny_llama().float32("llama.rope.freq_base", -1), "freq_base' must be above 0");
}

BOOST_AUTO_TEST_CASE(what_would_be_silently_wrong_is_refused) {
  expect_refusal(tiny_llama().f32_tensor("rope_factors_long.weight", {4}, {1, 1, 1, 1}),
                 "rope scaling that is not supported");
  expect_refusal(tiny_model(tiny_shape("qwen2")).f32_tensor("rope_freqs.weight", {4}, {1, 1, 1, 1}),
                 "rope scaling that is not supported");
  expect_refusal(tiny_llama().f32_tensor("rope_freqs.weight", {4}, {1, 0, 1, 1}),
                 "'rope_freqs.weight' holds 0.0");
  expect_refusal(tiny_llama().f32_tensor("rope_freqs.weight", {3}, {1, 1, 1}),
                 "'rope_freqs.weight' must have the shape [4] but has [3]");
  expect_refusal(tiny_llama().text("llama.rope.scaling.type", "yarn"), "scaling 'yarn'");
  expect_refusal(tiny_llama().uint32("llama.expert_count", 8), "llama.expert_count");
  expect_refusal(tiny_llama().float32("llama.logit_scale", 2), "llama.logit_scale");
  expect_refusal(tiny_llama().f32_tensor("blk.0.attn_q.bias", {1}, {1}),
                 "'blk.0.attn_q.bias' is not part of the llama architecture");
  expect_refusal(tiny_llama()
                     .uint32("llama.attention.key_length", 8)
                     .uint32("llama.attention.value_length", 16),
                 "differ in length");
}

BOOST_AUTO_TEST_CASE(each_architecture_has_its_own_tensors_and_rope_pairs) {
  using kernels::RopePairs;
  const std::map<std::string, RopePairs> pairs{{"llama", RopePairs::neighbours},
                                               {"qwen2", RopePairs::halves},
                                               {"qwen3", RopePairs::halves},
                                               {"bitnet", RopePairs::halves}};
  for (const auto& [name, expected] : pairs) {
    const auto bytes = tiny_model(tiny_shape(name)).bytes();
    const auto model = load_from_memory(bytes);
    BOOST_TEST(model->shape.architecture == name);
    BOOST_TEST((model->shape.rope_pairs == expected), name);
    const LayerWeights& layer = model->layers[1];
    BOOST_TEST((layer.query_bias.data != nullptr) == (name == "qwen2"));
    BOOST_TEST((layer.value_bias.data != nullptr) == (name == "qwen2"));
    BOOST_TEST((layer.query_norm.data != nullptr) == (name == "qwen3"));
    BOOST_TEST((layer.key_norm.data != nullptr) == (name == "qwen3"));
    BOOST_TEST((layer.attention_sub_norm.data != nullptr) == (name == "bitnet"));
    BOOST_TEST((layer.feed_forward_sub_norm.data != nullptr) == (name == "bitnet"));
    BOOST_TEST((layer.down.scale != 1.0F) == (name == "bitnet"));
    BOOST_TEST(model->shape.head_dimension == (name == "qwen3" ? 12U : 8U));
    BOOST_TEST(!model->rope_divisors.data);
  }
}

BOOST_AUTO_TEST_CASE(tensors_of_another_architecture_are_refused_by_name) {
  const auto with = [](const std::string& architecture, const std::string& tensor) {
    return tiny_model(tiny_shape(architecture)).f32_tensor(tensor, {1}, {1});
  };
  expect_refusal(with("llama", "blk.0.attn_q_norm.weight"), "not part of the llama architecture");
  expect_refusal(with("llama", "blk.0.attn_q.scale"), "not part of the llama architecture");
  expect_refusal(with("qwen2", "blk.0.attn_sub_norm.weight"), "not part of the qwen2 architecture");
  expect_refusal(with("qwen3", "blk.1.attn_q.bias"), "not part of the qwen3 architecture");
  expect_refusal(with("bitnet", "output_norm.bias"), "not part of the bitnet architecture");
  GgufWriter unbiased = tiny_model(tiny_shape("llama"));
  unbiased.remove_key("general.architecture");
  expect_refusal(unbiased.text("general.architecture", "qwen2"), "lack the key 'qwen2.");
}

BOOST_AUTO_TEST_CASE(a_scale_beside_a_matrix_is_its_scale_and_must_be_a_number) {
  GgufWriter writer = tiny_model(tiny_shape("bitnet"));
  const auto find = [&](const std::string& name) -> GgufWriter::Tensor& {
    return *std::ranges::find(writer.tensors(), name, &GgufWriter::Tensor::name);
  };
  const float quarter = 0.25F;
  std::memcpy(find("blk.1.attn_output.scale").data.data(), &quarter, sizeof(quarter));
  std::erase_if(writer.tensors(),
                [](const auto& each) { return each.name == "blk.1.attn_q.scale"; });
  const auto bytes = writer.bytes();
  const auto model = load_from_memory(bytes);
  BOOST_TEST(model->layers[1].attention_output.scale == 0.25F);
  BOOST_TEST(model->layers[1].query.scale == 1.0F);
  const float wrong = std::numeric_limits<float>::infinity();
  std::memcpy(find("blk.0.ffn_up.scale").data.data(), &wrong, sizeof(wrong));
  expect_refusal(writer, "the scale of tensor 'blk.0.ffn_up.weight' is no number");
}

BOOST_AUTO_TEST_CASE(rope_divisors_of_llama_3_are_taken_over) {
  const auto bytes = tiny_llama().f32_tensor("rope_freqs.weight", {4}, {1, 1, 2, 8}).bytes();
  const auto model = load_from_memory(bytes);
  BOOST_REQUIRE(model->rope_divisors.data);
  BOOST_TEST(model->rope_divisors.columns == 4U);
  BOOST_TEST(reinterpret_cast<const float*>(model->rope_divisors.data)[3] == 8.0F);
}

BOOST_AUTO_TEST_CASE(the_chat_template_is_the_files_own_text) {
  const auto plain = tiny_llama().bytes();
  BOOST_TEST(load_from_memory(plain)->chat_template.empty());
  const auto bytes = tiny_llama().text("tokenizer.chat_template", "{{ messages }}").bytes();
  BOOST_TEST(load_from_memory(bytes)->chat_template == "{{ messages }}");
  expect_refusal(tiny_llama().uint32("tokenizer.chat_template", 1), "must be a string");
}

BOOST_AUTO_TEST_CASE(every_tensor_that_is_missing_or_of_another_shape_is_named) {
  GgufWriter whole = tiny_llama();
  for (const GgufWriter::Tensor& tensor : whole.tensors()) {
    if (tensor.name != "output.weight") {
      expect_refusal(without_tensor(tensor.name), "tensor '" + tensor.name + "' of the shape [");
    }
    GgufWriter changed = tiny_llama();
    for (GgufWriter::Tensor& other : changed.tensors()) {
      if (other.name != tensor.name) continue;
      other.extents.back() += 1;
      other.data.resize(other.data.size() / tensor.extents.back() * other.extents.back());
    }
    expect_refusal(changed, "tensor '" + tensor.name + "' must have the shape [");
  }
  expect_refusal(with_uint32("llama.block_count", 3), "'blk.2.attn_norm.weight' of the shape [32]");
  expect_refusal(with_uint32("llama.block_count", 1), "'blk.1.attn_norm.weight' is not part");
  expect_refusal(with_uint32("llama.feed_forward_length", 64),
                 "'blk.0.ffn_gate.weight' must have the shape [32, 64] but has [32, 48]");
}

BOOST_AUTO_TEST_CASE(norms_in_another_format_are_refused) {
  GgufWriter writer = tiny_llama();
  GgufWriter::Tensor& norm = writer.tensors().at(1);
  BOOST_REQUIRE(norm.name == "output_norm.weight");
  norm.type = tensor_f16;
  norm.data.resize(64);
  expect_refusal(writer, "'output_norm.weight' must be f32 but is f16");
}

BOOST_AUTO_TEST_CASE(a_vocabulary_that_does_not_fit_is_refused) {
  expect_refusal(with_uint32("tokenizer.ggml.bos_token_id", 260), "outside the vocabulary of 260");
  const std::string scores = "tokenizer.ggml.scores";
  expect_refusal(without(scores).array(scores, gguf_float32, std::vector<float>(259)),
                 "260 tokens, but 259 scores");
  const std::string kinds = "tokenizer.ggml.token_type";
  expect_refusal(without(kinds).array(kinds, gguf_int32, std::vector<std::int32_t>(260, 7)),
                 "unknown type 7");
  expect_refusal(without(kinds).array(kinds, gguf_int32, std::vector<std::int32_t>(260, 6)),
                 "is of the type 'byte' but is called '<unk>'");
  expect_refusal(without(kinds).array(kinds, gguf_float32, std::vector<float>(260, 1)),
                 "must be an array of integers");
}
