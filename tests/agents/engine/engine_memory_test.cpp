// What the engine's memory for keys and values allows: waiting, refusing, sharing, giving back;
// answers never change.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <unistd.h>

#include "agents/engine/inference_engine.hpp"
#include "agents/engine/model/model.hpp"
#include "kernels/backend_selection.hpp"
#include "tests/fixtures/tiny_llama.hpp"

using namespace squall;
using namespace squall::agents;

namespace {

using Tokens = std::vector<TokenId>;
using Answers = std::map<std::uint64_t, Tokens>;

/// The tiny llama with a context of many pages.
const Model& tiny() {
  static const std::vector<std::byte> bytes = [] {
    auto writer = fixtures::tiny_llama();
    writer.remove_key("llama.context_length");
    return writer.uint32("llama.context_length", 512).bytes();
  }();
  static const std::shared_ptr<const Model> model = fixtures::load_from_memory(bytes);
  return *model;
}

InferenceEngine make_engine(EngineOptions options) {
  const std::shared_ptr<const Model> model(&tiny(), [](const Model*) {});
  return InferenceEngine(model, kernels::make_cpu_backend(1), options);
}

std::uint64_t page_bytes() {
  InferenceEngine engine = make_engine({});
  return engine.load().kv_bytes / engine.load().pages;
}

/// Prompts of 1 to 150 tokens, of which families of four begin alike; answers of 1 to 60.
GenerationRequest request_number(std::uint64_t id) {
  std::mt19937_64 random(id);
  GenerationRequest request;
  request.id = id;
  const std::size_t length = 1 + random() % 150;
  const std::size_t alike = random() % 120;
  std::mt19937_64 family(id % 4);
  for (std::size_t i = 0; i < length; ++i) {
    const std::uint64_t choice = i < alike ? family() : random();
    request.prompt.push_back(static_cast<TokenId>(3 + choice % 250));
  }
  request.max_tokens = static_cast<std::uint32_t>(1 + random() % 60);
  request.stop_at_end_token = false;
  if (id % 3 == 0) request.sampling = {.temperature = 1.2F, .top_k = 50, .seed = id};
  if (id % 3 == 1) request.sampling = {.repetition_penalty = 1.3F};
  return request;
}

const Tokens& answer_alone(std::uint64_t id, kernels::KvFormat format = kernels::KvFormat::f16) {
  static std::map<kernels::KvFormat, Answers> known;
  const auto [answer, is_new] = known[format].try_emplace(id);
  if (is_new) {
    InferenceEngine engine = make_engine(
        {.max_batch = 1, .prefill_chunk = 512, .kv_format = format, .reuse_prefixes = false});
    engine.submit(request_number(id));
    while (!engine.idle()) {
      for (const auto& token : engine.step().tokens) answer->second.push_back(token.token);
    }
  }
  return answer->second;
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

struct Run {
  Answers answers;
  std::vector<std::uint64_t> admitted;
  std::map<std::uint64_t, std::uint32_t> reused;
  std::set<std::uint64_t> ended;

  void collect(const StepEvents& events) {
    for (const auto& admission : events.admitted) {
      admitted.push_back(admission.id);
      reused[admission.id] = admission.reused_tokens;
    }
    for (const auto& token : events.tokens) {
      BOOST_REQUIRE(!ended.contains(token.id));
      answers[token.id].push_back(token.token);
      if (token.last) ended.insert(token.id);
    }
    for (const auto& refusal : events.refused) BOOST_REQUIRE(ended.insert(refusal.id).second);
  }
  void until_idle(InferenceEngine& engine) {
    for (int step = 0; !engine.idle(); ++step) {
      BOOST_REQUIRE(step < 20000);
      collect(engine.step());
    }
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(sixty_four_requests_of_mixed_lengths_get_the_answers_of_each_alone) {
  struct Way {
    kernels::KvFormat format;
    bool reuse;
    std::uint32_t prefill_chunk;
    std::size_t threads;
  };
  using kernels::KvFormat;
  for (const Way& way : {Way{KvFormat::f16, false, 7, 1}, Way{KvFormat::f16, true, 64, 2},
                         Way{KvFormat::f16, true, 512, 1}, Way{KvFormat::f32, true, 33, 1},
                         Way{KvFormat::q8_0, false, 512, 2}, Way{KvFormat::q8_0, true, 50, 1}}) {
    const std::shared_ptr<const Model> model(&tiny(), [](const Model*) {});
    InferenceEngine engine(model, kernels::make_cpu_backend(way.threads),
                           {.max_batch = 64,
                            .first_batch = 64,
                            .prefill_chunk = way.prefill_chunk,
                            .kv_format = way.format,
                            .reuse_prefixes = way.reuse});
    for (std::uint64_t id = 0; id < 64; ++id) engine.submit(request_number(id));
    Run run;
    run.until_idle(engine);
    for (std::uint64_t id = 0; id < 64; ++id) {
      BOOST_TEST((run.answers[id] == answer_alone(id, way.format)),
                 "request " << id << ", pieces of " << way.prefill_chunk << ", format "
                            << static_cast<int>(way.format));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_repeated_prompt_is_not_computed_again_and_answered_alike) {
  InferenceEngine engine = make_engine({});
  GenerationRequest request{.id = 1, .prompt = Tokens(100, 7), .max_tokens = 20};
  request.stop_at_end_token = false;
  Run run;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    request.id = id;
    engine.submit(request);
    run.until_idle(engine);
    BOOST_TEST(run.reused[id] == (id == 1 ? 0U : 96U));
    BOOST_TEST((run.answers[id] == run.answers[1]));
  }
  BOOST_TEST(engine.load().pages_in_use == 0U);
  // Of the 119 positions computed three pages are full.
  BOOST_TEST(engine.load().pages_kept == 3U);
}

BOOST_AUTO_TEST_CASE(a_conversation_goes_on_where_its_answer_ended) {
  InferenceEngine engine = make_engine({});
  GenerationRequest first{.id = 1, .prompt = Tokens(40, 9), .max_tokens = 60};
  first.stop_at_end_token = false;
  engine.submit(first);
  Run run;
  run.until_idle(engine);
  GenerationRequest second = first;
  second.id = 2;
  second.prompt.insert(second.prompt.end(), run.answers[1].begin(), run.answers[1].end());
  second.prompt.push_back(11);
  engine.submit(second);
  run.until_idle(engine);
  BOOST_TEST(run.reused[2] == 96U);
  InferenceEngine other = make_engine({.reuse_prefixes = false});
  other.submit(second);
  Run without;
  without.until_idle(other);
  BOOST_TEST((run.answers[2] == without.answers[2]));
}

BOOST_AUTO_TEST_CASE(requests_share_a_beginning_while_both_run) {
  InferenceEngine engine = make_engine({});
  GenerationRequest request{.id = 1, .prompt = Tokens(65, 5), .max_tokens = 30};
  request.stop_at_end_token = false;
  engine.submit(request);
  Run run;
  run.collect(engine.step());
  const std::size_t alone = engine.load().pages_in_use;
  request.id = 2;
  engine.submit(request);
  run.collect(engine.step());
  BOOST_TEST(run.reused[2] == 64U);
  BOOST_TEST(engine.load().pages_in_use == alone + 1);
  engine.cancel(1);
  run.until_idle(engine);
  InferenceEngine other = make_engine({.reuse_prefixes = false});
  other.submit(request);
  Run without;
  without.until_idle(other);
  BOOST_TEST((run.answers[2] == without.answers[2]));
}

BOOST_AUTO_TEST_CASE(a_request_that_can_never_fit_is_refused_and_others_wait_their_turn) {
  InferenceEngine engine = make_engine({.kv_bytes = 4 * page_bytes()});
  BOOST_TEST(engine.load().pages == 4U);
  engine.submit({.id = 1, .prompt = Tokens(100, 5), .max_tokens = 30});
  const StepEvents events = engine.step();
  BOOST_REQUIRE(events.refused.size() == 1U);
  BOOST_TEST(events.refused[0].reason ==
             "prompt and answer exceed the 128 positions that the memory for keys and values has "
             "room for; give it more memory");
  Run run;
  for (std::uint64_t id = 2; id < 8; ++id) {
    engine.submit({.id = id,
                   .prompt = Tokens(90, static_cast<TokenId>(id)),
                   .max_tokens = 10,
                   .stop_at_end_token = false});
  }
  run.collect(engine.step());
  BOOST_TEST((engine.load().running == 1 && engine.load().waiting == 5));
  run.until_idle(engine);
  BOOST_TEST((run.admitted == std::vector<std::uint64_t>{2, 3, 4, 5, 6, 7}));
  for (std::uint64_t id = 2; id < 8; ++id) BOOST_TEST(run.answers[id].size() == 10U);
}

BOOST_AUTO_TEST_CASE(the_batch_grows_while_there_is_memory_and_shrinks_when_it_runs_out) {
  InferenceEngine engine = make_engine({.max_batch = 64, .first_batch = 2});
  for (std::uint64_t id = 0; id < 20; ++id) {
    engine.submit({.id = id, .prompt = {5}, .max_tokens = 30, .stop_at_end_token = false});
  }
  std::vector<std::size_t> limits;
  for (int step = 0; step < 5; ++step) {
    engine.step();
    limits.push_back(engine.load().batch_limit);
  }
  BOOST_TEST((limits == std::vector<std::size_t>{4, 8, 16, 32, 32}));

  InferenceEngine small =
      make_engine({.max_batch = 64, .first_batch = 8, .kv_bytes = 3 * page_bytes()});
  for (std::uint64_t id = 0; id < 20; ++id) {
    small.submit({.id = id, .prompt = {5}, .max_tokens = 30, .stop_at_end_token = false});
  }
  small.step();
  BOOST_TEST(small.load().batch_limit == 4U);
  BOOST_TEST(small.load().running == 3U);
  Run run;
  run.until_idle(small);
}

BOOST_AUTO_TEST_CASE(memory_for_less_than_a_page_is_refused) {
  BOOST_CHECK_THROW(make_engine({.kv_bytes = 10}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(cancelling_gives_the_pages_back_at_once) {
  InferenceEngine engine = make_engine({.reuse_prefixes = false});
  engine.submit({.id = 1, .prompt = Tokens(100, 5), .max_tokens = 30});
  engine.step();
  BOOST_TEST(engine.load().pages_in_use == 4U);
  BOOST_TEST(engine.cancel(1));
  BOOST_TEST(engine.load().pages_in_use == 0U);
}

BOOST_AUTO_TEST_CASE(whatever_comes_and_goes_each_ends_once_in_order_with_its_own_answer) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 6; ++round) {
    InferenceEngine engine =
        make_engine({.max_batch = static_cast<std::uint32_t>(1 + random() % 20),
                     .first_batch = static_cast<std::uint32_t>(1 + random() % 8),
                     .prefill_chunk = static_cast<std::uint32_t>(1 + random() % 90),
                     .kv_bytes = (7 + random() % 20) * page_bytes()});
    Run run;
    std::set<std::uint64_t> cancelled;
    std::vector<std::uint64_t> submitted;
    for (int step = 0; step < 300; ++step) {
      if (random() % 4 == 0 && submitted.size() < 64) {
        const std::uint64_t id = submitted.size();
        engine.submit(request_number(id));
        submitted.push_back(id);
      }
      if (random() % 12 == 0 && !submitted.empty()) {
        const std::uint64_t id = submitted[random() % submitted.size()];
        const bool was_open = !run.ended.contains(id) && !cancelled.contains(id);
        BOOST_REQUIRE(engine.cancel(id) == was_open);
        if (was_open) cancelled.insert(id);
      }
      run.collect(engine.step());
      const EngineLoad load = engine.load();
      BOOST_REQUIRE(load.pages_in_use + load.pages_kept <= load.pages);
      BOOST_REQUIRE(load.batch_limit >= 1);
    }
    run.until_idle(engine);
    BOOST_TEST(std::is_sorted(run.admitted.begin(), run.admitted.end()));
    for (const std::uint64_t id : submitted) {
      BOOST_TEST(run.ended.contains(id) != cancelled.contains(id));
      const Tokens& whole = answer_alone(id);
      if (!cancelled.contains(id)) {
        BOOST_TEST((run.answers[id] == whole), "request " << id);
      } else {
        BOOST_REQUIRE(run.answers[id].size() <= whole.size());
        BOOST_TEST(std::equal(run.answers[id].begin(), run.answers[id].end(), whole.begin()));
      }
    }
    BOOST_TEST(engine.load().pages_in_use == 0U);
  }
}

BOOST_AUTO_TEST_CASE(memory_for_keys_and_values_is_only_promised_until_it_is_needed) {
  const std::size_t before = resident_bytes();
  InferenceEngine engine = make_engine({.kv_bytes = std::uint64_t{4} << 30});
  BOOST_TEST(engine.load().kv_bytes > std::uint64_t{4000} << 20);
  engine.submit({.id = 1, .prompt = Tokens(100, 5), .max_tokens = 30});
  Run run;
  run.until_idle(engine);
  BOOST_TEST(!run.answers[1].empty());
  BOOST_TEST(resident_bytes() - before < std::size_t{20} << 20);
}

BOOST_AUTO_TEST_CASE(a_model_whose_logits_are_no_numbers_fails_its_requests_and_goes_on) {
  auto writer = fixtures::tiny_llama();
  for (auto& tensor : writer.tensors()) {
    if (tensor.name == "output_norm.weight") std::ranges::fill(tensor.data, std::byte{0xFF});
  }
  const auto bytes = writer.bytes();
  InferenceEngine engine(fixtures::load_from_memory(bytes), kernels::make_cpu_backend(1), {});
  for (std::uint64_t id = 1; id < 4; ++id) {
    engine.submit({.id = id, .prompt = {5, 6}, .max_tokens = 3});
    const StepEvents events = engine.step();
    BOOST_REQUIRE(events.refused.size() == 1U);
    BOOST_TEST(events.refused[0].reason.find("not numbers") != std::string::npos);
    BOOST_TEST((events.tokens.empty() && engine.idle()));
    BOOST_TEST(engine.load().pages_in_use == 0U);
  }
}
