// Each architecture on a tiny random model: the engine picks the tokens that an evaluation in
// doubles, straight from the definition, says are the likeliest.

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "agents/engine/inference_engine.hpp"
#include "kernels/backend_selection.hpp"
#include "tests/agents/engine/architectures/exact_transformer.hpp"

using namespace squall;
using namespace squall::agents;
using namespace squall::fixtures;

namespace {

using Ids = std::vector<std::int32_t>;

struct Case {
  std::string name;
  ExactOptions exact;
  std::vector<std::pair<std::string, float>> keys = {};  // metadata beyond the tiny model's
};

std::vector<Case> cases() {
  const TinyShape llama = tiny_shape("llama");
  TinyShape llama3 = llama;
  llama3.rope_divisors = true;
  TinyShape tied = tiny_shape("qwen2");
  tied.output = false;
  TinyShape unscaled = tiny_shape("bitnet");
  unscaled.scales = false;
  return {
      {"llama", {.shape = llama}},
      {"llama with linear rope scaling",
       {.shape = llama, .rope_base = 500000, .rope_scale = 0.25},
       {{"llama.rope.freq_base", 500000.0F}, {"llama.rope.scaling.factor", 4.0F}}},
      {"llama with rope divisors", {.shape = llama3}},
      {"qwen2", {.shape = tiny_shape("qwen2"), .rope_halves = true}},
      {"qwen2 with tied embeddings",
       {.shape = tied, .rope_halves = true, .rope_base = 1000000},
       {{"qwen2.rope.freq_base", 1000000.0F}}},
      {"qwen3", {.shape = tiny_shape("qwen3"), .rope_halves = true}},
      {"bitnet", {.shape = unscaled, .rope_halves = true}},
      {"bitnet with scales", {.shape = tiny_shape("bitnet"), .rope_halves = true}},
  };
}

Ids text_of(std::uint32_t seed, std::size_t length) {
  Ids tokens;
  for (std::size_t i = 0; i < length; ++i) {
    seed = seed * 1664525U + 1013904223U;
    tokens.push_back(static_cast<std::int32_t>((seed >> 8) % tiny_vocabulary));
  }
  return tokens;
}

/// The engine's own next token after each beginning of `tokens`.
Ids winners(const std::shared_ptr<const Model>& model, const std::string& kernels,
            const Ids& tokens) {
  InferenceEngine engine(model, kernels::make_cpu_backend(1, kernels),
                         {.prefill_chunk = 16, .kv_format = kernels::KvFormat::f32});
  for (std::size_t length = 1; length <= tokens.size(); ++length) {
    const Ids prompt(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(length));
    engine.submit({.id = length, .prompt = prompt, .stop_at_end_token = false});
  }
  Ids found(tokens.size(), -1);
  for (int step = 0; !engine.idle() && step < 10000; ++step) {
    for (const StepEvents::Token& token : engine.step().tokens) found[token.id - 1] = token.token;
  }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_architecture_picks_the_tokens_of_its_definition_wherever_one_is_clear) {
  // Sums of 48 products in floats, two layers deep: logits of about 1 are off by some 1e-6.
  constexpr double clear_gap = 1e-3;
  for (const Case& each : cases()) {
    GgufWriter writer = tiny_model(each.exact.shape);
    for (const auto& [key, value] : each.keys) writer.float32(key, value);
    const auto bytes = writer.bytes();
    const auto model = load_from_memory(bytes);
    ExactTransformer exact(writer, each.exact);
    for (const std::uint32_t seed : {1U, 2U, 3U}) {
      const Ids tokens = text_of(seed, 48);
      const std::vector<Vector> expected = exact.logits(tokens);
      for (const std::string_view kernels : kernels::runnable_instruction_sets()) {
        const Ids found = winners(model, std::string(kernels), tokens);
        std::size_t clear = 0;
        for (std::size_t i = 0; i < tokens.size(); ++i) {
          const auto best = std::ranges::max_element(expected[i]);
          Vector others = expected[i];
          others[static_cast<std::size_t>(best - expected[i].begin())] = -1e9;
          if (*best - *std::ranges::max_element(others) < clear_gap) continue;
          ++clear;
          BOOST_TEST(found[i] == best - expected[i].begin(),
                     each.name << " on " << kernels << ", text " << seed << ", token " << i);
        }
        BOOST_TEST(clear > tokens.size() * 9 / 10, each.name);
      }
    }
  }
}
