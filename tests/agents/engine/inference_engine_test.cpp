// Requests through the engine: joining, leaving, cancelling, refusals; answers never change.

#include "agents/engine/inference_engine.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "kernels/backend_selection.hpp"
#include "tests/fixtures/tiny_llama.hpp"

using namespace squall;
using namespace squall::agents;

namespace {

const Model& tiny() {
  static const std::vector<std::byte> bytes = fixtures::tiny_llama().bytes();
  static const std::shared_ptr<const Model> model = fixtures::load_from_memory(bytes);
  return *model;
}

InferenceEngine make_engine(EngineOptions options = {}) {
  const std::shared_ptr<const Model> model(&tiny(), [](const Model*) {});
  return InferenceEngine(model, kernels::make_cpu_backend(1), options);
}

using Tokens = std::vector<TokenId>;
using Answers = std::map<std::uint64_t, Tokens>;

void collect(const StepEvents& events, Answers& answers) {
  for (const StepEvents::Token& token : events.tokens) answers[token.id].push_back(token.token);
}

Answers run_until_idle(InferenceEngine& engine) {
  Answers answers;
  for (int step = 0; !engine.idle(); ++step) {
    BOOST_REQUIRE(step < 1000);
    collect(engine.step(), answers);
  }
  return answers;
}

/// The i-th of a family of requests that differ in length, text and temperature.
GenerationRequest request_number(std::uint64_t id) {
  GenerationRequest request;
  request.id = id;
  for (std::uint64_t i = 0; i < 1 + id * 5 % 23; ++i) {
    request.prompt.push_back(static_cast<TokenId>(3 + (id * 31 + i * 7) % 250));
  }
  request.max_tokens = static_cast<std::uint32_t>(1 + id * 3 % 17);
  request.stop_at_end_token = id % 2 == 0;
  if (id % 3 != 0) request.sampling = {.temperature = 1.5F, .seed = id};
  return request;
}

Tokens answer_alone(std::uint64_t id) {
  InferenceEngine engine = make_engine({.max_batch = 1, .prefill_chunk = 64});
  engine.submit(request_number(id));
  return run_until_idle(engine)[id];
}

std::string refusal_of(GenerationRequest request) {
  InferenceEngine engine = make_engine();
  engine.submit(std::move(request));
  BOOST_TEST(!engine.idle());
  const StepEvents events = engine.step();
  BOOST_TEST(engine.idle());
  BOOST_TEST((events.admitted.empty() && events.tokens.empty()));
  return events.refused.empty() ? "" : events.refused.front().reason;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_has_as_many_tokens_as_asked_for_and_the_last_is_marked) {
  InferenceEngine engine = make_engine();
  GenerationRequest request{.id = 5, .prompt = {1, 10, 20}, .max_tokens = 4};
  request.stop_at_end_token = false;
  engine.submit(request);
  for (int i = 0; i < 4; ++i) {
    BOOST_TEST(!engine.idle());
    const StepEvents events = engine.step();
    BOOST_TEST(events.admitted.size() == (i == 0 ? 1U : 0U));
    BOOST_REQUIRE(events.tokens.size() == 1U);
    BOOST_TEST(events.tokens[0].id == 5U);
    BOOST_TEST(events.tokens[0].last == (i == 3));
  }
  BOOST_TEST(engine.idle());
  BOOST_TEST(engine.step().tokens.empty());
}

BOOST_AUTO_TEST_CASE(a_prompt_longer_than_a_piece_takes_several_steps_to_its_first_token) {
  InferenceEngine engine = make_engine({.max_batch = 2, .prefill_chunk = 8});
  engine.submit({.id = 1, .prompt = Tokens(20, 7), .max_tokens = 1});
  BOOST_TEST(engine.step().tokens.empty());
  BOOST_TEST(engine.step().tokens.empty());
  BOOST_TEST(engine.step().tokens.size() == 1U);
}

BOOST_AUTO_TEST_CASE(answers_are_the_same_whenever_requests_join_and_leave) {
  constexpr std::uint64_t requests = 24;
  Answers alone;
  for (std::uint64_t id = 0; id < requests; ++id) alone[id] = answer_alone(id);
  for (const std::uint32_t prefill_chunk : {1U, 5U, 64U}) {
    for (const std::uint32_t max_batch : {1U, 3U, 16U}) {
      for (const std::uint64_t apart : {0, 1, 3}) {
        InferenceEngine engine =
            make_engine({.max_batch = max_batch, .prefill_chunk = prefill_chunk});
        Answers together;
        for (std::uint64_t id = 0; id < requests; ++id) {
          engine.submit(request_number(id));
          for (std::uint64_t step = 0; step < apart; ++step) collect(engine.step(), together);
        }
        for (auto& [id, rest] : run_until_idle(engine)) {
          together[id].insert(together[id].end(), rest.begin(), rest.end());
        }
        BOOST_TEST((together == alone), "pieces of " << prefill_chunk << ", batches of "
                                                     << max_batch << ", " << apart << " apart");
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(cancelling_any_request_at_any_step_leaves_the_others_answers_alone) {
  for (std::uint64_t cancelled = 0; cancelled < 6; ++cancelled) {
    for (int at = 0; at < 12; ++at) {
      InferenceEngine engine = make_engine({.max_batch = 3, .prefill_chunk = 6});
      for (std::uint64_t id = 0; id < 6; ++id) engine.submit(request_number(id));
      Answers answers;
      for (int step = 0; step < at; ++step) collect(engine.step(), answers);
      const Tokens before = answers[cancelled];
      const bool complete = before == answer_alone(cancelled);
      BOOST_TEST(engine.cancel(cancelled) == !complete);
      BOOST_TEST(!engine.cancel(cancelled));
      for (auto& [id, rest] : run_until_idle(engine)) {
        answers[id].insert(answers[id].end(), rest.begin(), rest.end());
      }
      for (std::uint64_t id = 0; id < 6; ++id) {
        BOOST_TEST((answers[id] == (id == cancelled ? before : answer_alone(id))));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(an_answer_ends_at_the_end_token_only_where_asked) {
  // Whatever the tiny model says first is made the end token of a copy of it.
  const Tokens usual = answer_alone(0);
  auto writer = fixtures::tiny_llama();
  writer.remove_key("tokenizer.ggml.eos_token_id");
  writer.uint32("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(usual.front()));
  const auto bytes = writer.bytes();
  const auto model = fixtures::load_from_memory(bytes);
  for (const bool stop : {true, false}) {
    InferenceEngine engine(model, kernels::make_cpu_backend(1), {});
    GenerationRequest request = request_number(0);
    request.max_tokens = 5;
    request.stop_at_end_token = stop;
    engine.submit(request);
    const Tokens answer = run_until_idle(engine)[0];
    BOOST_TEST(answer.size() == (stop ? 1U : 5U));
    BOOST_TEST(answer.front() == usual.front());
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_answer_and_another_seed_another) {
  const auto answer_with_seed = [](std::uint64_t seed) {
    InferenceEngine engine = make_engine();
    engine.submit({.id = 1,
                   .prompt = {1, 50, 60},
                   .max_tokens = 40,
                   .stop_at_end_token = false,
                   .sampling = {.temperature = 1, .seed = seed}});
    return run_until_idle(engine)[1];
  };
  BOOST_TEST((answer_with_seed(1) == answer_with_seed(1)));
  BOOST_TEST((answer_with_seed(1) != answer_with_seed(2)));
}

BOOST_AUTO_TEST_CASE(requests_that_the_model_cannot_serve_are_refused_with_the_reason) {
  BOOST_TEST(refusal_of({.id = 1, .prompt = Tokens(60, 5), .max_tokens = 5}) ==
             "prompt and answer exceed the model's context of 64 tokens");
  BOOST_TEST(refusal_of({.id = 1, .prompt = {5}, .max_tokens = UINT32_MAX}).find("exceed") !=
             std::string::npos);
  BOOST_TEST(refusal_of({.id = 1, .prompt = {5, 260}}) ==
             "a token of the prompt is outside the vocabulary of 260");
  BOOST_TEST(refusal_of({.id = 1, .prompt = {-1}}) ==
             "a token of the prompt is outside the vocabulary of 260");
  BOOST_TEST(refusal_of({.id = 1, .prompt = {}}).find("empty") != std::string::npos);
  BOOST_TEST(refusal_of({.id = 1, .prompt = {5}, .max_tokens = 0}).find("0 tokens") !=
             std::string::npos);
  for (const float wrong :
       {-1.0F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const auto refusal_names = [](const SamplerOptions& sampling, const std::string& name) {
      return refusal_of({.id = 1, .prompt = {5}, .sampling = sampling}).find(name) !=
             std::string::npos;
    };
    BOOST_TEST(refusal_names({.temperature = wrong}, "temperature"));
    BOOST_TEST(refusal_names({.top_p = wrong}, "top_p"));
    BOOST_TEST(refusal_names({.min_p = wrong}, "min_p"));
    BOOST_TEST(refusal_names({.repetition_penalty = wrong}, "repetition penalty"));
  }
}

BOOST_AUTO_TEST_CASE(prompt_and_answer_may_fill_the_context_to_its_end) {
  InferenceEngine engine = make_engine();
  engine.submit({.id = 1, .prompt = Tokens(60, 5), .max_tokens = 4, .stop_at_end_token = false});
  BOOST_TEST(run_until_idle(engine)[1].size() == 4U);
}

BOOST_AUTO_TEST_CASE(a_refused_request_can_be_cancelled_before_it_is_told) {
  InferenceEngine engine = make_engine();
  engine.submit({.id = 9, .prompt = {}});
  BOOST_TEST(engine.cancel(9));
  BOOST_TEST(!engine.cancel(9));
  BOOST_TEST(engine.idle());
  BOOST_TEST(engine.step().refused.empty());
}

BOOST_AUTO_TEST_CASE(events_come_in_the_order_of_admission) {
  InferenceEngine engine = make_engine({.max_batch = 4, .prefill_chunk = 64});
  for (const std::uint64_t id : {40, 10, 30}) {
    engine.submit({.id = id, .prompt = {5, 6}, .max_tokens = 2, .stop_at_end_token = false});
  }
  const StepEvents events = engine.step();
  std::vector<std::uint64_t> admitted;
  for (const auto& entry : events.admitted) admitted.push_back(entry.id);
  BOOST_TEST((admitted == std::vector<std::uint64_t>{40, 10, 30}));
  BOOST_REQUIRE(events.tokens.size() == 3U);
  BOOST_TEST(events.tokens[0].id == 40U);
  BOOST_TEST(events.tokens[1].id == 10U);
  BOOST_TEST(events.tokens[2].id == 30U);
}

BOOST_AUTO_TEST_CASE(an_id_can_be_used_again_once_its_request_has_left) {
  InferenceEngine engine = make_engine();
  engine.submit(request_number(3));
  const Tokens first = run_until_idle(engine)[3];
  engine.submit(request_number(3));
  BOOST_TEST((run_until_idle(engine)[3] == first));
}
