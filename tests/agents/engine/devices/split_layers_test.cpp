// An engine whose layers are on two backends, or on one whose memory is not the host's: the same
// answers, and clear ends when the device fails.

#include <boost/test/unit_test.hpp>
#include <map>

#include "agents/engine/inference_engine.hpp"
#include "agents/engine/model/model.hpp"
#include "kernels/backend_selection.hpp"
#include "tests/fixtures/apart_device.hpp"
#include "tests/fixtures/tiny_llama.hpp"

using namespace squall;
using namespace squall::agents;
using fixtures::ApartBackend;
using fixtures::ApartDevice;

namespace {

using Tokens = std::vector<TokenId>;
using Answers = std::map<std::uint64_t, Tokens>;
using ModelPtr = std::shared_ptr<const Model>;

ModelPtr tiny(const std::string& architecture) {
  static std::map<std::string, std::vector<std::byte>> files;
  auto& bytes = files[architecture];
  if (bytes.empty()) bytes = fixtures::tiny_model(fixtures::tiny_shape(architecture)).bytes();
  return fixtures::load_from_memory(bytes);
}

const EngineOptions small_steps{.max_batch = 4, .prefill_chunk = 7, .kv_bytes = 1 << 20};

/// Greedy ones, one by chance among a few, one by chance among all, and one with a penalty.
std::vector<GenerationRequest> requests_of_all_kinds() {
  std::vector<GenerationRequest> requests;
  for (std::uint64_t id = 1; id <= 6; ++id) {
    GenerationRequest request{.id = id, .prompt = {}, .max_tokens = 9, .stop_at_end_token = false};
    for (std::uint64_t i = 0; i < 3 + 4 * id; ++i) {
      request.prompt.push_back(static_cast<TokenId>(3 + (id * 31 + i * 7) % 200));
    }
    if (id == 3) request.sampling = {.temperature = 1.3F, .top_k = 20, .top_p = 0.9F, .seed = 5};
    if (id == 4) request.sampling = {.temperature = 1.3F, .seed = 6};
    if (id == 5) request.sampling = {.repetition_penalty = 1.4F};
    requests.push_back(request);
  }
  return requests;
}

Answers answers_of(InferenceEngine& engine, const std::vector<GenerationRequest>& requests) {
  for (const GenerationRequest& request : requests) engine.submit(request);
  Answers answers;
  for (int step = 0; !engine.idle(); ++step) {
    BOOST_REQUIRE(step < 1000);
    const StepEvents events = engine.step();
    BOOST_REQUIRE(events.refused.empty());
    for (const auto& token : events.tokens) answers[token.id].push_back(token.token);
  }
  return answers;
}

Answers answers_on_cpu(const ModelPtr& model, const std::vector<GenerationRequest>& requests) {
  InferenceEngine engine(model, kernels::make_cpu_backend(1), small_steps);
  return answers_of(engine, requests);
}

/// The first layers on one, the others on the other.
EngineBackends split(ApartDevice& device, std::size_t first, std::size_t all, bool device_last) {
  std::unique_ptr<kernels::Backend> apart = std::make_unique<ApartBackend>(device);
  std::unique_ptr<kernels::Backend> cpu = kernels::make_cpu_backend(1);
  if (!device_last) std::swap(apart, cpu);
  std::vector<BackendShare> shares;
  shares.push_back({.backend = std::move(cpu), .layers = first});
  shares.push_back({.backend = std::move(apart), .layers = all - first});
  return EngineBackends(std::move(shares));
}

InferenceEngine engine_apart(ApartDevice& device, const ModelPtr& model,
                             EngineOptions options = small_steps) {
  return InferenceEngine(model, std::make_unique<ApartBackend>(device), options);
}

GenerationRequest greedy(std::uint64_t id, Tokens prompt, std::uint32_t tokens) {
  return {.id = id, .prompt = std::move(prompt), .max_tokens = tokens, .stop_at_end_token = false};
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_split_of_the_layers_writes_the_tokens_of_one_backend) {
  for (const std::string architecture : {"llama", "qwen2", "qwen3", "bitnet"}) {
    const ModelPtr model = tiny(architecture);
    const auto requests = requests_of_all_kinds();
    const Answers expected = answers_on_cpu(model, requests);
    for (std::size_t first = 0; first <= model->layers.size(); ++first) {
      for (const bool device_last : {true, false}) {
        ApartDevice device;
        {
          InferenceEngine engine(model, split(device, first, model->layers.size(), device_last),
                                 small_steps);
          BOOST_TEST((answers_of(engine, requests) == expected),
                     architecture << ", first " << first << ", device last " << device_last);
        }
        BOOST_TEST(device.taken == 0U);  // all of it was given back
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_larger_model_is_cut_anywhere) {
  const ModelPtr model = load_model("synthetic:llama-15m/q8_0");
  const std::vector<GenerationRequest> requests{greedy(1, Tokens(40, 9), 6),
                                                greedy(2, {5, 6, 7, 8, 9}, 6)};
  const EngineOptions options{.max_batch = 2, .prefill_chunk = 32, .kv_bytes = 16 << 20};
  InferenceEngine alone(model, kernels::make_cpu_backend(1), options);
  const Answers expected = answers_of(alone, requests);
  for (std::size_t first = 0; first <= model->layers.size(); ++first) {
    ApartDevice device;
    InferenceEngine engine(model, split(device, first, model->layers.size(), true), options);
    BOOST_TEST((answers_of(engine, requests) == expected), "first " << first);
  }
}

BOOST_AUTO_TEST_CASE(a_name_tells_who_has_which_layers) {
  ApartDevice device;
  BOOST_TEST(EngineBackends(std::make_unique<ApartBackend>(device), 2).name() == "apart device");
  const EngineBackends two = split(device, 1, 3, true);
  BOOST_TEST(two.name() == std::string(kernels::make_cpu_backend(1)->name()) +
                               " (1 layer) + apart device (2 layers)");
  BOOST_TEST(!two.on_host());
  BOOST_TEST(EngineBackends(kernels::make_cpu_backend(3), 2).threads() == 3U);
  BOOST_TEST(EngineBackends(kernels::make_cpu_backend(1), 2).on_host());
}

BOOST_AUTO_TEST_CASE(choices_among_few_are_made_of_the_greatest_and_not_of_all_logits) {
  const ModelPtr model = tiny("llama");
  auto requests = requests_of_all_kinds();
  std::erase_if(requests, [](const auto& each) { return candidates_needed(each.sampling) == 0; });
  BOOST_REQUIRE(requests.size() == 4U);
  ApartDevice device;
  InferenceEngine engine = engine_apart(device, model);
  BOOST_TEST((answers_of(engine, requests) == answers_on_cpu(model, requests)));
  BOOST_TEST(device.candidates_found > 0U);
  BOOST_TEST(device.values_read < model->shape.vocabulary);  // one each for prompts' pieces

  // A penalty needs them all.
  GenerationRequest penalized = greedy(9, {5, 6}, 3);
  penalized.sampling.repetition_penalty = 1.3F;
  const std::size_t found_before = device.candidates_found;
  BOOST_TEST((answers_of(engine, {penalized}) == answers_on_cpu(model, {penalized})));
  BOOST_TEST(device.candidates_found == found_before);
  BOOST_TEST(device.values_read >= 3 * model->shape.vocabulary);
}

BOOST_AUTO_TEST_CASE(a_step_without_tokens_waits_for_the_device_too) {
  ApartDevice device;
  InferenceEngine engine = engine_apart(device, tiny("llama"));
  engine.submit(greedy(1, Tokens(30, 4), 1));
  BOOST_TEST(engine.step().tokens.empty());
  BOOST_TEST(device.values_read == 1U);
}

BOOST_AUTO_TEST_CASE(a_lost_device_ends_what_runs_and_refuses_what_waits_and_comes) {
  ApartDevice device;
  InferenceEngine engine = engine_apart(device, tiny("llama"), {.max_batch = 2, .first_batch = 2});
  for (std::uint64_t id = 1; id <= 3; ++id) engine.submit(greedy(id, {5, 6, 7}, 20));
  BOOST_TEST(engine.step().tokens.size() == 2U);  // the third waits
  device.operations_left = 4;
  const StepEvents events = engine.step();
  BOOST_TEST(events.tokens.empty());
  BOOST_REQUIRE(events.refused.size() == 3U);
  for (const auto& refusal : events.refused) {
    BOOST_TEST(refusal.reason == "device: the apart device has gone");
  }
  BOOST_TEST(engine.idle());
  BOOST_TEST(engine.load().pages_in_use == 0U);

  engine.submit(greedy(4, {5}, 2));
  const StepEvents later = engine.step();
  BOOST_REQUIRE(later.refused.size() == 1U);
  BOOST_TEST(later.refused[0].id == 4U);
  BOOST_TEST(later.refused[0].reason == "device: the apart device has gone");
}

BOOST_AUTO_TEST_CASE(a_device_without_memory_for_a_step_refuses_that_and_goes_on) {
  const ModelPtr model = tiny("llama");
  const GenerationRequest request = greedy(1, Tokens(40, 6), 8);
  const Answers expected = answers_on_cpu(model, {request});
  ApartDevice device;
  InferenceEngine engine =
      engine_apart(device, model, {.max_batch = 4, .prefill_chunk = 64, .kv_bytes = 1 << 20});
  engine.submit(request);
  device.next_work_lacks_memory = true;
  const StepEvents events = engine.step();
  BOOST_REQUIRE(events.refused.size() == 1U);
  BOOST_TEST(events.refused[0].reason ==
             "no memory to compute a step; use a smaller model or batch");
  BOOST_TEST(engine.idle());
  BOOST_TEST(engine.load().pages_kept == 0U);  // what was not computed is not for others
  BOOST_TEST((answers_of(engine, {request}) == expected));
  BOOST_TEST(engine.load().pages_kept > 0U);
}
