// Which steps `squall model bench --steps` measures, on a clock of the test's own.

#include "agents/model_tool/step_times.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "agents/engine/model/model.hpp"
#include "kernels/backend_selection.hpp"
#include "tests/fixtures/tiny_llama.hpp"

using namespace squall;
using namespace squall::agents;

namespace {

/// Each look at it is a second later.
double counting_seconds() {
  static double seconds = 0;
  return seconds += 1;
}

InferenceEngine engine_of(std::uint32_t max_batch, std::uint32_t chunk) {
  static const std::vector<std::byte> bytes = fixtures::tiny_llama().bytes();
  return InferenceEngine(fixtures::load_from_memory(bytes), kernels::make_cpu_backend(1),
                         {.max_batch = max_batch,
                          .first_batch = max_batch,
                          .prefill_chunk = chunk,
                          .reuse_prefixes = false});
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_round_measures_all_that_a_law_depends_on) {
  InferenceEngine engine = engine_of(6, 32);
  const StepTimesOptions options{.max_batch = 6, .prefill_chunk = 32, .longest = 40};
  std::vector<StepTimes> steps;
  measure_round(engine, options, counting_seconds, steps);
  BOOST_TEST(engine.idle());
  std::set<std::uint32_t> decoding, prompts;
  std::uint64_t farthest = 0;
  bool beside = false;
  for (const StepTimes& step : steps) {
    BOOST_REQUIRE(step.seconds.size() == 1U);
    BOOST_TEST(step.seconds.front() == 1.0);
    if (step.work.prompt_tokens == 0) decoding.insert(step.work.decoding);
    if (step.work.decoding == 0) prompts.insert(step.work.prompt_tokens);
    beside = beside || (step.work.decoding == 4 && step.work.prompt_tokens == 32);
    if (step.work.decoding == 1) farthest = std::max(farthest, step.work.decode_positions);
  }
  BOOST_TEST((decoding == std::set<std::uint32_t>{1, 2, 4}));
  for (const std::uint32_t tokens : {1, 2, 4, 8, 16, 32}) BOOST_TEST(prompts.contains(tokens));
  BOOST_TEST(beside);
  BOOST_TEST(farthest > 40U);
}

BOOST_AUTO_TEST_CASE(rounds_repeat_the_same_steps) {
  InferenceEngine engine = engine_of(4, 16);
  const StepTimesOptions options{.max_batch = 4, .prefill_chunk = 16, .longest = 40};
  std::vector<StepTimes> steps;
  measure_round(engine, options, counting_seconds, steps);
  const std::size_t count = steps.size();
  measure_round(engine, options, counting_seconds, steps);
  BOOST_TEST(steps.size() == count);
  for (const StepTimes& step : steps) BOOST_TEST(step.seconds.size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_engine_without_memory_for_the_batch_is_refused_with_the_remedy) {
  static const std::vector<std::byte> bytes = fixtures::tiny_llama().bytes();
  InferenceEngine engine(fixtures::load_from_memory(bytes), kernels::make_cpu_backend(1),
                         {.max_batch = 8,
                          .first_batch = 8,
                          .prefill_chunk = 32,
                          .kv_bytes = 20'000,
                          .reuse_prefixes = false});
  std::vector<StepTimes> steps;
  const StepTimesOptions options{.max_batch = 8, .prefill_chunk = 32, .longest = 40};
  BOOST_CHECK_EXCEPTION(measure_round(engine, options, counting_seconds, steps), ModelError,
                        [](const ModelError& error) {
                          return std::string(error.what()).find("--max-batch") != std::string::npos;
                        });
}
