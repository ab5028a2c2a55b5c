// Models of random weights: the same bytes each time, sensible values, and they run.

#include "agents/engine/model/synthetic/synthetic_model.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <unistd.h>

#include "agents/engine/inference_engine.hpp"
#include "agents/engine/model/synthetic/random_weights.hpp"
#include "kernels/backend_selection.hpp"
#include "kernels/formats/dequantize.hpp"

using namespace squall;
using namespace squall::agents;
using kernels::Format;

namespace {

std::span<const std::byte> bytes_of(const kernels::TensorView& tensor) {
  return {tensor.data, tensor.rows * kernels::bytes_per_row(tensor.format, tensor.columns)};
}

bool same_bytes(const kernels::TensorView& a, const kernels::TensorView& b) {
  const auto left = bytes_of(a);
  const auto right = bytes_of(b);
  return left.size() == right.size() && std::memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_same_name_gives_the_same_bytes_twice) {
  const auto first = make_synthetic_model("synthetic:llama-15m/q8_0");
  const auto second = make_synthetic_model("synthetic:llama-15m/q8_0");
  BOOST_TEST(first->fingerprint == second->fingerprint);
  BOOST_TEST(first->weight_bytes == second->weight_bytes);
  BOOST_TEST(same_bytes(first->token_embedding, second->token_embedding));
  BOOST_TEST(same_bytes(first->output, second->output));
  for (std::size_t i = 0; i < first->layers.size(); ++i) {
    BOOST_TEST(same_bytes(first->layers[i].query, second->layers[i].query));
    BOOST_TEST(same_bytes(first->layers[i].down, second->layers[i].down));
  }
  BOOST_TEST(!same_bytes(first->layers[0].query, first->layers[1].query));
}

BOOST_AUTO_TEST_CASE(a_synthetic_model_says_so_and_has_the_named_shape) {
  const auto model = load_model("synthetic:llama-15m/q4_0");
  BOOST_TEST(model->synthetic);
  BOOST_TEST(model->name == "synthetic:llama-15m/q4_0");
  BOOST_TEST(model->fingerprint.size() == 16U);
  BOOST_TEST(model->shape.layers == 6U);
  BOOST_TEST(model->shape.dimension == 288U);
  BOOST_TEST(model->shape.vocabulary == 32000U);
  BOOST_TEST(model->layers.size() == 6U);
  BOOST_TEST(model->layers[0].down.columns == 768U);
  BOOST_TEST(model->output.data != model->token_embedding.data);
  BOOST_TEST(model->weight_bytes < 15'000'000U);
}

BOOST_AUTO_TEST_CASE(every_format_of_a_name_has_its_own_fingerprint) {
  std::set<std::string> fingerprints;
  const std::set<std::string> formats{"f32", "f16", "q8_0", "q4_0", "q5_1", "q4_k", "q4_k_m"};
  for (const std::string& format : formats) {
    fingerprints.insert(make_synthetic_model("synthetic:llama-15m/" + format)->fingerprint);
  }
  BOOST_TEST(fingerprints.size() == formats.size());
}

BOOST_AUTO_TEST_CASE(a_mixture_gives_sensitive_matrices_more_bits) {
  const auto model = make_synthetic_model("synthetic:bitnet-0.7b/q4_k_m");
  std::string formats;  // of ffn_down, by layer
  for (const LayerWeights& layer : model->layers) {
    BOOST_TEST((layer.query.format == Format::q4_k));
    BOOST_TEST((layer.value.format == layer.down.format));
    formats += layer.down.format == Format::q6_k ? '6' : '4';
  }
  // Of 24 layers the first 3, the last 3 and every third between.
  BOOST_TEST(formats == "666446446446446446446666");
  BOOST_TEST((model->output.format == Format::q6_k));
}

BOOST_AUTO_TEST_CASE(rows_that_no_block_of_256_fits_get_a_near_format) {
  const auto model = make_synthetic_model("synthetic:llama-135m/q4_k_m");
  BOOST_TEST((model->layers[0].query.format == Format::q5_0));  // rows of 576
  BOOST_TEST((model->layers[0].value.format == Format::q8_0));  // instead of q6_k
  BOOST_TEST((model->layers[0].down.format == Format::q6_k));   // rows of 1536
  BOOST_TEST((model->layers[4].down.format == Format::q4_k));
  BOOST_TEST((model->token_embedding.format == Format::q8_0));  // tied: the output
}

BOOST_AUTO_TEST_CASE(a_synthetic_bitnet_has_sub_norms_and_ternary_matrices_with_a_scale) {
  const auto model = make_synthetic_model("synthetic:bitnet-0.7b/i2_s");
  BOOST_TEST(model->shape.architecture == "bitnet");
  for (const LayerWeights& layer : model->layers) {
    BOOST_REQUIRE(layer.attention_sub_norm.data != nullptr);
    BOOST_REQUIRE(layer.feed_forward_sub_norm.data != nullptr);
    BOOST_TEST(layer.feed_forward_sub_norm.columns == 4096U);
    BOOST_TEST(layer.query_bias.data == nullptr);
    BOOST_TEST((layer.down.format == Format::i2_s));
    // Uniform over -s, 0, s the deviation is s * sqrt(2 / 3), and 1 / sqrt(columns) is wanted.
    BOOST_TEST(std::abs(layer.down.scale - std::sqrt(1.5 / 4096)) < 1e-6);
  }
  BOOST_TEST((model->token_embedding.format == Format::q6_k));
}

BOOST_AUTO_TEST_CASE(random_weights_have_the_asked_deviation_in_every_format) {
  constexpr std::size_t columns = 1 << 16;
  for (const double wanted : {0.05, 0.01}) {
    for (std::size_t f = 0; f < kernels::format_count; ++f) {
      const auto format = static_cast<Format>(f);
      std::vector<std::byte> bytes(kernels::bytes_per_row(format, columns));
      const float scale = fill_with_random_weights(format, bytes, wanted, 7);
      std::vector<float> values(columns);
      kernels::dequantize_row({format, 1, columns, bytes.data(), scale}, 0, values);
      double sum = 0;
      double squares = 0;
      for (const float value : values) {
        sum += value;
        squares += double{value} * value;
      }
      const double mean = sum / columns;
      // Quants of q4_0 are -8 to 7, so their mean is half a step, 0.11 deviations, below 0.
      BOOST_TEST(std::abs(mean) < 0.14 * wanted, kernels::name(format) << ": mean " << mean);
      const double deviation = std::sqrt(squares / columns - mean * mean);
      BOOST_TEST(std::abs(deviation / wanted - 1) < 0.02,
                 kernels::name(format) << ": deviation " << deviation << " of " << wanted);
    }
  }
}

BOOST_AUTO_TEST_CASE(random_ternary_weights_are_each_of_the_three_values_equally_often) {
  constexpr std::size_t columns = 1 << 16;
  for (const Format format : {Format::tq1_0, Format::tq2_0, Format::i2_s}) {
    std::vector<std::byte> bytes(kernels::bytes_per_row(format, columns));
    const float scale = fill_with_random_weights(format, bytes, 0.05, 7);
    std::vector<float> values(columns);
    kernels::dequantize_row({format, 1, columns, bytes.data(), scale}, 0, values);
    std::map<float, std::size_t> counts;
    for (const float value : values) ++counts[value];
    BOOST_TEST(counts.size() == 3U, kernels::name(format));
    for (const auto& [value, count] : counts) {
      BOOST_TEST(std::abs(static_cast<double>(count) * 3 / columns - 1) < 0.05,
                 kernels::name(format) << ": " << count << " times " << value);
    }
  }
}

BOOST_AUTO_TEST_CASE(random_weights_of_many_threads_begin_like_those_of_one) {
  std::vector<std::byte> small(34 * 1000);
  std::vector<std::byte> large(34 * 1'000'000);
  fill_with_random_weights(Format::q8_0, small, 0.05, 7);
  fill_with_random_weights(Format::q8_0, large, 0.05, 7);
  BOOST_TEST(std::memcmp(small.data(), large.data(), small.size()) == 0);
  const std::span<const std::byte> end = std::span(large).last(34);
  BOOST_TEST(std::memcmp(end.data(), large.data(), 2) == 0);  // the scale
  BOOST_TEST(std::memcmp(end.data() + 2, large.data() + 2, 32) != 0);
}

BOOST_AUTO_TEST_CASE(a_synthetic_model_answers_and_its_words_read_back) {
  const auto model = make_synthetic_model("synthetic:llama-15m/q8_0");
  InferenceEngine engine(model, kernels::make_cpu_backend(2), {});
  const auto prompt = model->tokenizer->encode(" w100 w200 anything w31999");
  BOOST_TEST(prompt.size() == 5U);
  BOOST_TEST(prompt[0] == model->tokenizer->beginning_token());
  BOOST_TEST(prompt[1] == 100);
  BOOST_TEST(prompt[4] == 31999);
  engine.submit({.id = 1, .prompt = prompt, .max_tokens = 8, .stop_at_end_token = false});
  std::set<TokenId> tokens;
  std::string text;
  while (!engine.idle()) {
    for (const auto& token : engine.step().tokens) {
      tokens.insert(token.token);
      if (model->tokenizer->is_text(token.token)) {
        const std::string word = model->tokenizer->decode(token.token);
        BOOST_TEST(model->tokenizer->encode(word).back() == token.token);
      }
    }
  }
  BOOST_TEST(tokens.size() > 1U);
}

BOOST_AUTO_TEST_CASE(reserved_ids_of_a_synthetic_vocabulary_are_no_text) {
  const auto model = make_synthetic_model("synthetic:llama-15m/q4_0");
  const Tokenizer& tokenizer = *model->tokenizer;
  for (const std::int32_t token : {-1, 0, 1, 2, 32000}) {
    BOOST_TEST(!tokenizer.is_text(token));
    BOOST_TEST(tokenizer.decode(token).empty());
  }
  BOOST_TEST(tokenizer.decode(3) == " w3");
  for (const std::string_view word :
       {"w0", "w1", "w2", "w32000", "w-5", "w99999999999", "w", "x"}) {
    BOOST_TEST(tokenizer.is_text(tokenizer.encode(word).back()), word);
  }
}

BOOST_AUTO_TEST_CASE(formats_may_be_named_in_capitals) {
  BOOST_TEST(load_model("synthetic:llama-15m/Q4_K_M")->name == "synthetic:llama-15m/q4_k_m");
}

BOOST_AUTO_TEST_CASE(unknown_synthetic_names_list_what_there_is) {
  for (const std::string name : {"synthetic:llama-9m/q8_0", "synthetic:llama-15m/q9_0",
                                 "synthetic:llama-15m", "synthetic:llama-15m/", "synthetic:"}) {
    try {
      load_model(name);
      BOOST_ERROR(name << " should not load");
    } catch (const ModelError& error) {
      const std::string message = error.what();
      BOOST_TEST(message.find("'" + name + "'") != std::string::npos);
      BOOST_TEST(message.find("synthetic:llama-135m/q8_0") != std::string::npos);
      BOOST_TEST(message.find("llama-70b") != std::string::npos);
      BOOST_TEST(message.find("q4_k_m") != std::string::npos);
    }
  }
  BOOST_TEST(synthetic_model_names().size() == 180U);
}

BOOST_AUTO_TEST_CASE(a_model_larger_than_the_machines_memory_is_refused_before_it_is_made) {
  const long gigabytes = ::sysconf(_SC_PHYS_PAGES) / 1000 * ::sysconf(_SC_PAGESIZE) / 1'000'000;
  if (gigabytes > 250) {
    BOOST_TEST_MESSAGE("skipped: this machine has memory for the largest model");
    return;
  }
  BOOST_CHECK_EXCEPTION(load_model("synthetic:llama-70b/f32"), ModelError,
                        [](const ModelError& error) {
                          const std::string message = error.what();
                          return message.find("needs 263 GiB") != std::string::npos;
                        });
}
