// What it costs to keep keys and values in fewer bits: differences of log-probabilities over a
// text, on a real model.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "agents/engine/model/model_weights.hpp"
#include "agents/engine/transformer.hpp"
#include "kernels/backend_selection.hpp"
#include "tests/agents/engine/expected_outputs.hpp"

using namespace squall;
using namespace squall::agents;

namespace {

namespace unit_test = boost::unit_test;

/// Of each token after the first, given those before.
std::vector<double> log_probabilities(const std::shared_ptr<const Model>& model,
                                      kernels::KvFormat format,
                                      const std::vector<std::int32_t>& text) {
  const auto backend = kernels::make_cpu_backend(1);
  KvCache cache(*backend, model->shape, {.format = format, .pages = pages_for(text.size())});
  KvSequence sequence = *cache.begin({}, text.size());
  Transformer transformer(
      model, *backend,
      {.tokens = text.size(), .wanted_rows = text.size(), .logits_rows = text.size()});
  const SequencePiece piece{&sequence, text, WantedLogits::all};
  const auto logits = transformer.forward({&piece, 1});
  std::vector<double> found;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const auto row = logits.subspan(i * model->shape.vocabulary, model->shape.vocabulary);
    const double top = *std::max_element(row.begin(), row.end());
    double total = 0;
    for (const float logit : row) total += std::exp(logit - top);
    found.push_back(row[text[i + 1]] - top - std::log(total));
  }
  return found;
}

struct Difference {
  double mean = 0;
  double perplexity = 0;  // as a share of the exact one
};

Difference difference(const std::vector<double>& exact, const std::vector<double>& rounded) {
  double sum = 0;
  double shift = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    sum += std::abs(rounded[i] - exact[i]);
    shift += exact[i] - rounded[i];
  }
  const auto count = static_cast<double>(exact.size());
  return {sum / count, std::abs(std::exp(shift / count) - 1)};
}

}  // namespace

BOOST_TEST_DECORATOR(*unit_test::precondition(models_are_at_hand))
BOOST_AUTO_TEST_CASE(fewer_bits_for_keys_and_values_change_the_text_s_probability_little) {
  struct Bounds {
    std::string model;
    double half, byte;                        // mean difference of log-probabilities
    double half_perplexity, byte_perplexity;  // as a share
  };
  // Measured on the first: f16 0.0008 and 0.001 %, q8_0 0.026 and 0.4 %. The second one's random
  // weights and quantized activations amplify any rounding: 0.07 and 0.09.
  for (const Bounds& bounds : {Bounds{"stories260k-f32", 2e-3, 0.04, 1e-4, 0.01},
                               Bounds{"synth256-q4_0", 0.15, 0.15, 0.01, 0.02}}) {
    const auto model = read_gguf_model(test_models() / "gguf" / (bounds.model + ".gguf"));
    auto text = read_expected("expected", bounds.model).text;
    text.resize(std::min(text.size(), model->shape.context));
    const auto exact = log_probabilities(model, kernels::KvFormat::f32, text);
    const Difference half =
        difference(exact, log_probabilities(model, kernels::KvFormat::f16, text));
    const Difference byte =
        difference(exact, log_probabilities(model, kernels::KvFormat::q8_0, text));
    BOOST_TEST_MESSAGE(bounds.model << ": mean difference of log-probabilities f16 " << half.mean
                                    << ", q8_0 " << byte.mean << "; of perplexity f16 "
                                    << half.perplexity << ", q8_0 " << byte.perplexity);
    BOOST_TEST(half.mean > 0);
    BOOST_TEST(half.mean < bounds.half);
    BOOST_TEST(half.perplexity < bounds.half_perplexity);
    BOOST_TEST(byte.mean > half.mean);
    BOOST_TEST(byte.mean < bounds.byte);
    BOOST_TEST(byte.perplexity < bounds.byte_perplexity);
  }
}
