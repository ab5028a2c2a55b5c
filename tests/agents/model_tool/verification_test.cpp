// Verification passes what agrees, fails what does not, and says what is wrong with its input.

#include "agents/model_tool/verify/verification.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "agents/engine/devices/engine_backends.hpp"
#include "agents/model_tool/synth_command.hpp"
#include "agents/model_tool/verify/reference_program.hpp"
#include "agents/model_tool/verify/verify_command.hpp"
#include "kernels/backend_selection.hpp"
#include "tests/fixtures/process.hpp"

using namespace squall;
using namespace squall::agents;

namespace {

struct Fixture {
  tests::TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "small.gguf";

  Fixture() {
    SynthOptions options;
    options.shape = "llama-1b";
    options.format = "f32";
    options.output = path;
    options.layers = 2;
    options.dimension = 64;
    options.feed_forward = 96;
    options.heads = 4;
    options.kv_heads = 2;
    options.vocabulary = 300;
    options.context = 64;
    synth_command(options);
  }
  TeacherForcing forcing() const {
    const auto model = load_model(path.string());
    return {model, EngineBackends(kernels::make_cpu_backend(1, "reference"), model->shape.layers),
            kernels::KvFormat::f32, 64};
  }
};

/// What the model itself says, as another engine would have recorded it.
ExpectedOutputs recorded(TeacherForcing& forcing) {
  ExpectedOutputs expected;
  expected.text = {1, 17, 44, 200, 31, 8};
  double sum = 0;
  forcing.run(expected.text, [&](std::size_t position, std::span<const float> logits) {
    if (position + 1 == expected.text.size()) return;
    const double own = log_probability(logits, expected.text[position + 1]);
    expected.log_probabilities.push_back(static_cast<float>(own));
    sum += own;
  });
  expected.perplexity = std::exp(-sum / static_cast<double>(expected.log_probabilities.size()));
  ExpectedAnswer answer{{1, 5, 9}, {}, {}, {}};
  while (answer.answer.size() < 4) {
    auto tokens = answer.prompt;
    tokens.insert(tokens.end(), answer.answer.begin(), answer.answer.end());
    forcing.run(tokens, [&](std::size_t position, std::span<const float> logits) {
      if (position + 1 != tokens.size()) return;
      const auto winner =
          static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin());
      if (answer.answer.empty()) answer.last_prompt_logits.emplace_back(winner, logits[winner]);
      answer.answer.push_back(winner);
    });
    answer.gaps.push_back(1.0F);
  }
  expected.answers.push_back(answer);
  return expected;
}

bool passes(TeacherForcing& forcing, const ExpectedOutputs& expected) {
  const auto limits = usual_limits(forcing.model(), true, false);
  return std::ranges::all_of(compare_with_expected(forcing, expected, limits), &Finding::passed);
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_model_agrees_with_what_it_said_itself, Fixture) {
  TeacherForcing own = forcing();
  BOOST_TEST(passes(own, recorded(own)));
}

BOOST_FIXTURE_TEST_CASE(each_kind_of_difference_fails, Fixture) {
  TeacherForcing own = forcing();
  const ExpectedOutputs right = recorded(own);
  ExpectedOutputs wrong = right;
  wrong.log_probabilities[2] += 0.02F;
  BOOST_TEST(!passes(own, wrong));
  wrong = right;
  wrong.perplexity *= 1.01;
  BOOST_TEST(!passes(own, wrong));
  wrong = right;
  wrong.answers[0].answer[3] ^= 1;
  BOOST_TEST(!passes(own, wrong));
  wrong.answers[0].gaps[3] = 0.001F;  // a near-tie may fall either way
  BOOST_TEST(passes(own, wrong));
  wrong = right;
  wrong.answers[0].last_prompt_logits[0].second += 0.1F;
  BOOST_TEST(!passes(own, wrong));
}

BOOST_AUTO_TEST_CASE(tokens_count_as_clear_up_to_the_first_near_tie) {
  const ExpectedAnswer answer{{1}, {5, 6, 7}, {0.9F, 0.2F, 0.9F}, {}};
  BOOST_TEST(clear_tokens(answer, 0.3) == 1U);
  BOOST_TEST(clear_tokens(answer, 0.1) == 3U);
}

BOOST_FIXTURE_TEST_CASE(expected_files_are_checked_before_they_are_believed, Fixture) {
  const auto refused = [&](const std::string& text, const std::string& what) {
    const auto file = folder.write("expected.json", text);
    BOOST_CHECK_EXCEPTION(read_expected_outputs(file, 300), ModelError,
                          [&](const ModelError& error) {
                            return std::string(error.what()).find(what) != std::string::npos;
                          });
  };
  refused("{", "parse error");
  refused("{}", "greedy");
  refused(R"({"greedy": []})", "neither");
  refused(R"({"greedy": [{"prompt_ids": [1], "ids": [300], "gap_to_2nd": [1]}]})", "vocabulary");
  refused(R"({"greedy": [{"prompt_ids": [1], "ids": [3, 4], "gap_to_2nd": [1]}]})", "as many gaps");
  refused(R"({"greedy": [], "ppl": {"ids": [1, 2, 3], "logprob": [-1], "ppl": 2}})", "n - 1");
}

BOOST_FIXTURE_TEST_CASE(a_program_beside_us_is_run_and_compared, Fixture) {
  VerifyOptions options;
  options.model = path.string();
  options.prompts = {"a"};
  options.tokens = 4;
  options.reference = "/bin/echo";
  options.reference_arguments = "something else entirely";
  BOOST_TEST(verify_command(options) == 10);
  options.reference = "/bin/false";
  BOOST_CHECK_THROW(verify_command(options), ModelError);
  options.reference = "/no/such/program";
  BOOST_CHECK_THROW(verify_command(options), ModelError);
}

BOOST_AUTO_TEST_CASE(a_program_that_does_not_end_is_killed) {
  BOOST_CHECK_THROW(run_program("/bin/sleep", {"100"}, std::chrono::seconds(1)), ModelError);
  const ProgramOutput output = run_program("/bin/echo", {"a", "b c"}, std::chrono::seconds(10));
  BOOST_TEST(output.text == "a b c\n");
  BOOST_TEST(output.exit_code == 0);
}

BOOST_AUTO_TEST_CASE(placeholders_are_filled_in) {
  const auto filled = filled_in({"-m", "{model}", "{prompt}{tokens}", "-t{threads}"}, "m.gguf",
                                "once {tokens}", 7, 2);
  // What a prompt spells is left alone.
  BOOST_TEST((filled == std::vector<std::string>{"-m", "m.gguf", "once {tokens}7", "-t2"}));
}
