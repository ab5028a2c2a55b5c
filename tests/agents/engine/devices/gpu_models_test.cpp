// Whole models through the GPU's module, found and opened as programs do it, with emulated threads:
// greedy answers equal the recorded ones.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <dlfcn.h>
#include <memory>
#include <string>
#include <vector>

#include "agents/engine/cache/kv_cache.hpp"
#include "agents/engine/devices/device_building.hpp"
#include "agents/engine/inference_engine.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/model/model_weights.hpp"
#include "agents/engine/transformer.hpp"
#include "kernels/backend_selection.hpp"
#include "kernels/gpu_module.hpp"
#include "kernels/hip/emulation/emulation_settings.hpp"
#include "tests/agents/engine/expected_outputs.hpp"

using namespace squall;
using namespace squall::agents;
namespace unit_test = boost::unit_test;
using EmulationSettings = kernels::hip::emulation::Settings;

namespace {

/// The emulated GPU, as find_gpus() finds it.
const kernels::GpuSearch& emulated_search() {
  setenv("SQUALL_GPU_MODULES", EMULATED_MODULE, 1);
  static const kernels::GpuSearch search = kernels::find_gpus("/nowhere");
  BOOST_REQUIRE(search.usable.size() == 1U);
  BOOST_REQUIRE(search.usable[0].device.architecture == "emulation");
  return search;
}
kernels::GpuModule& emulated_module() { return *emulated_search().usable[0].module; }

EmulationSettings& settings_of_module() {
  void* const library = dlopen(EMULATED_MODULE, RTLD_NOW | RTLD_LOCAL);
  BOOST_REQUIRE(library != nullptr);
  const auto entry =
      reinterpret_cast<EmulationSettings* (*)()>(dlsym(library, "squall_gpu_emulation_settings"));
  BOOST_REQUIRE(entry != nullptr);
  return *entry();
}

constexpr std::uint32_t answer_tokens = 12;
constexpr std::size_t least_compared = 10;  // over two prompts, before a gap is too small

/// Greedy answers to all recorded prompts, computed together.
std::vector<std::vector<std::int32_t>> answers_of(const std::string& model,
                                                  const ExpectedOutputs& expected) {
  auto loaded = read_gguf_model(test_models() / "gguf" / (model + ".gguf"));
  InferenceEngine engine(loaded, emulated_module().make_backend({}),
                         {.max_batch = 8, .kv_format = kernels::KvFormat::f32});
  std::vector<std::vector<std::int32_t>> answers(expected.answers.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    engine.submit({.id = i,
                   .prompt = expected.answers[i].prompt,
                   .max_tokens = answer_tokens,
                   .stop_at_end_token = false});
  }
  std::size_t open = answers.size();
  for (int step = 0; open > 0 && step < 200; ++step) {
    const StepEvents events = engine.step();
    BOOST_REQUIRE(events.refused.empty());
    for (const StepEvents::Token& token : events.tokens) {
      answers[token.id].push_back(token.token);
      if (token.last) --open;
    }
  }
  BOOST_TEST(open == 0U);
  return answers;
}

/// Where the recording's winner leads by less than the gap, either may win, and what follows is
/// another answer.
void compare(const std::string& model, const std::string& folder, float decisive_gap) {
  const ExpectedOutputs expected = read_expected(folder, model);
  const auto answers = answers_of(model, expected);
  std::size_t compared = 0;
  std::size_t equal = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const ExpectedAnswer& wanted = expected.answers[i];
    const auto different = std::ranges::mismatch(answers[i], wanted.answer);
    equal += static_cast<std::size_t>(different.in1 - answers[i].begin());
    for (std::size_t t = 0; t < answers[i].size() && wanted.gaps[t] > decisive_gap; ++t) {
      BOOST_TEST(answers[i][t] == wanted.answer[t],
                 model << ": token " << t << " of answer " << i << ", gap " << wanted.gaps[t]);
      ++compared;
    }
  }
  BOOST_TEST_MESSAGE(model << ": " << compared << " of " << answers.size() * answer_tokens
                           << " tokens compared, " << equal << " equal from the first on");
  BOOST_TEST(compared >= least_compared);
}

/// A recorded answer's first tokens, and where the recording's winner leads by enough.
struct Forced {
  std::string model;
  std::string folder;
  float decisive_gap = 0;
};

/// The winners after the prompt and after each of the answer's tokens but the last, each of which
/// is fed whatever won before it: in one pass, as prefill has them, or token by token.
std::vector<std::int32_t> winners(const std::shared_ptr<const Model>& model,
                                  kernels::Backend& backend, const ExpectedAnswer& expected,
                                  std::size_t answer_length, bool at_once) {
  std::vector<std::int32_t> tokens = expected.prompt;
  tokens.insert(tokens.end(), expected.answer.begin(),
                expected.answer.begin() + static_cast<std::ptrdiff_t>(answer_length) - 1);
  KvCache cache(backend, model->shape,
                {.format = kernels::KvFormat::f32, .pages = pages_for(tokens.size())});
  KvSequence sequence = *cache.begin({}, tokens.size());
  Transformer transformer(
      model, backend,
      {.tokens = tokens.size(), .wanted_rows = tokens.size(), .logits_rows = tokens.size()});
  std::vector<std::int32_t> found;
  const auto feed = [&](std::span<const std::int32_t> piece_tokens) {
    const SequencePiece piece{&sequence, piece_tokens, WantedLogits::all};
    const std::size_t rows = transformer.run({&piece, 1});
    for (const kernels::Candidate& best : transformer.greatest(0, rows, 1)) {
      found.push_back(best.index);
    }
  };
  const std::size_t first = at_once ? tokens.size() : expected.prompt.size();
  feed(std::span(tokens).first(first));
  for (std::size_t i = first; i < tokens.size(); ++i) feed(std::span(tokens).subspan(i, 1));
  found.erase(found.begin(),
              found.begin() + static_cast<std::ptrdiff_t>(expected.prompt.size()) - 1);
  return found;
}

/// Random weights part from a recording early, since they amplify what rounding does: they are fed
/// the recorded answers, and only the winners are compared.
void compare_forced(const Forced& wanted, std::size_t answer_length) {
  const ExpectedOutputs expected = read_expected(wanted.folder, wanted.model);
  const auto model = read_gguf_model(test_models() / "gguf" / (wanted.model + ".gguf"));
  const auto backend = emulated_module().make_backend({});
  std::size_t compared = 0;
  for (const ExpectedAnswer& answer : expected.answers) {
    for (const bool at_once : {true, false}) {
      const auto found = winners(model, *backend, answer, answer_length, at_once);
      BOOST_REQUIRE(found.size() == answer_length);
      for (std::size_t t = 0; t < answer_length; ++t) {
        if (answer.gaps[t] <= wanted.decisive_gap) continue;
        BOOST_TEST(found[t] == answer.answer[t], wanted.model << ": token " << t << ", gap "
                                                              << answer.gaps[t]
                                                              << (at_once ? ", in one pass" : ""));
        ++compared;
      }
    }
  }
  BOOST_TEST_MESSAGE(wanted.model << ": " << compared << " winners compared");
  BOOST_TEST(compared >= answer_length);
}

// Bounds as for the CPU's fast kernels (models_test.cpp).
const Forced ternary{"bitnet256-tq2_0", "expected_dequantized", 0.6F};
const Forced brain_floats{"synth256-bf16", "expected", 0.3F};
const Forced mixed_k_quants{"synth256-q4_k_m", "expected_dequantized", 0.6F};
const std::vector<Forced> all_models{
    {"stories260k-f32", "expected", 0.01F},
    {"stories260k-f16", "expected", 0.01F},
    {"stories260k-q8_0", "expected_dequantized", 0.3F},
    {"stories260k-q4_0", "expected_dequantized", 0.3F},
    {"stories260k-q4_1", "expected_dequantized", 0.3F},
    {"stories260k-q5_0", "expected_dequantized", 0.3F},
    {"stories260kp-q8_0", "expected_dequantized", 0.3F},
    {"stories260kp-q3_k", "expected_dequantized", 0.3F},
    {"stories260kp-q4_k", "expected_dequantized", 0.3F},
    {"stories260kp-q5_k", "expected_dequantized", 0.3F},
    {"stories260kp-q6_k", "expected_dequantized", 0.3F},
    brain_floats,
    {"synth256-q4_0", "expected_dequantized", 0.6F},
    {"synth256-q5_1", "expected_dequantized", 0.6F},
    {"synth256-q2_k", "expected_dequantized", 0.6F},
    {"synth256-q3_k", "expected_dequantized", 0.6F},
    {"synth256-q4_k", "expected_dequantized", 0.6F},
    mixed_k_quants,
    {"synth256-q6_k", "expected_dequantized", 0.6F},
    {"bitnet256-f32", "expected", 0.01F},
    {"bitnet256-tq1_0", "expected_dequantized", 0.6F},
    ternary,
};

/// What a file says of a model whose heads are wider than kernels of GPUs are made for.
struct ModelWithWideHeads : Model {
  explicit ModelWithWideHeads(const Model& other) {
    shape = other.shape;
    shape.head_dimension = 512;
    layers = other.layers;
    token_embedding = other.token_embedding;
    output = other.output;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_model_whose_heads_are_too_wide_is_left_to_the_cpu) {
  const auto source = load_model("synthetic:llama-15m/q8_0");
  const ModelWithWideHeads model(*source);
  const DeviceSources sources{.make_cpu = [] { return kernels::make_cpu_backend(1); },
                              .find_gpus = [] { return emulated_search(); }};
  bool on_host = false;
  const std::vector<std::string> warnings =
      build_on_device(model, {.device = Device::gpu}, device_demand(model.shape, {}), sources,
                      [&](EngineBackends backends) { on_host = backends.on_host(); });
  BOOST_TEST(on_host);
  BOOST_REQUIRE(warnings.size() == 1U);
  BOOST_TEST(warnings[0].find("the CPU computes instead of a GPU: gpu emulation") !=
             std::string::npos);
  BOOST_TEST(warnings[0].find("heads of 512 values; at most 256 are supported") !=
             std::string::npos);
}

BOOST_TEST_DECORATOR(*unit_test::precondition(models_are_at_hand))
BOOST_AUTO_TEST_CASE(winners_of_ternary_and_random_models_are_the_recorded_ones) {
  for (const Forced& wanted : {ternary, brain_floats, mixed_k_quants}) compare_forced(wanted, 8);
}

BOOST_TEST_DECORATOR(*unit_test::label("long") * unit_test::disabled() *
                     unit_test::precondition(models_are_at_hand))
BOOST_AUTO_TEST_CASE(winners_of_all_models_are_the_recorded_ones_at_either_wave_size) {
  const EmulationSettings before = settings_of_module();
  for (const unsigned wave_size : {32U, 64U}) {
    settings_of_module().wave_size = wave_size;
    for (const Forced& wanted : all_models) compare_forced(wanted, 24);
  }
  settings_of_module() = before;
}

BOOST_TEST_DECORATOR(*unit_test::precondition(models_are_at_hand))
BOOST_AUTO_TEST_CASE(greedy_answers_of_an_emulated_gpu_equal_the_recorded_ones) {
  // As for the CPU (models_test.cpp): floats must agree wherever the gap exceeds their error, 0.01;
  // quantized activations may decide differently below 0.3.
  compare("stories260k-f32", "expected", 0.01F);
  compare("stories260k-f16", "expected", 0.01F);
  compare("stories260k-q8_0", "expected_dequantized", 0.0F);  // 16 bits: every token
  compare("stories260k-q4_0", "expected_dequantized", 0.3F);
  compare("stories260kp-q4_k", "expected_dequantized", 0.3F);
  compare("stories260kp-q6_k", "expected_dequantized", 0.3F);
}

BOOST_TEST_DECORATOR(*unit_test::precondition(models_are_at_hand))
BOOST_AUTO_TEST_CASE(waves_of_64_give_the_same_answers) {
  const EmulationSettings before = settings_of_module();
  settings_of_module().wave_size = 64;
  settings_of_module().backwards = true;
  compare("stories260kp-q4_k", "expected_dequantized", 0.3F);
  settings_of_module() = before;
}

BOOST_TEST_DECORATOR(*unit_test::precondition(models_are_at_hand))
BOOST_AUTO_TEST_CASE(steady_decoding_is_launched_as_graphs) {
  const std::uint64_t before = settings_of_module().graphs;
  const ExpectedOutputs expected = read_expected("expected", "stories260k-q8_0");
  static_cast<void>(answers_of("stories260k-q8_0", expected));
  // Of the twelve steps after the prompts all but a few have come before.
  BOOST_TEST(settings_of_module().graphs - before >= answer_tokens / 2);
}
