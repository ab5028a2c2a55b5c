// Models of random weights: the same bytes each time, sensible values, and they run.

#include "agents/engine/model/synthetic/synthetic_model.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <set>

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
  for (const std::string format : {"f32", "f16", "q8_0", "q4_0"}) {
    fingerprints.insert(make_synthetic_model("synthetic:llama-15m/" + format)->fingerprint);
  }
  BOOST_TEST(fingerprints.size() == 4U);
}

BOOST_AUTO_TEST_CASE(random_weights_have_the_asked_deviation_in_every_format) {
  constexpr std::size_t columns = 1 << 16;
  for (const Format format : {Format::f32, Format::f16, Format::q8_0, Format::q4_0}) {
    std::vector<std::byte> bytes(kernels::bytes_per_row(format, columns));
    fill_with_random_weights(format, bytes, 0.05, 7);
    std::vector<float> values(columns);
    kernels::dequantize_row(format, bytes.data(), values);
    double sum = 0;
    double squares = 0;
    for (const float value : values) {
      sum += value;
      squares += double{value} * value;
    }
    const double mean = sum / columns;
    // Quants of q4_0 are -8 to 7, so their mean is half a step below 0.
    BOOST_TEST(std::abs(mean) < 0.007, kernels::name(format) << ": mean " << mean);
    const double deviation = std::sqrt(squares / columns - mean * mean);
    BOOST_TEST(std::abs(deviation - 0.05) < 0.001, kernels::name(format) << ": " << deviation);
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

BOOST_AUTO_TEST_CASE(unknown_synthetic_names_list_what_there_is) {
  for (const std::string name : {"synthetic:llama-70b/q8_0", "synthetic:llama-15m/q5_0",
                                 "synthetic:llama-15m", "synthetic:"}) {
    try {
      load_model(name);
      BOOST_ERROR(name << " should not load");
    } catch (const ModelError& error) {
      const std::string message = error.what();
      BOOST_TEST(message.find("'" + name + "'") != std::string::npos);
      BOOST_TEST(message.find("synthetic:llama-135m/q8_0") != std::string::npos);
    }
  }
  BOOST_TEST(synthetic_model_names().size() == 12U);
}
