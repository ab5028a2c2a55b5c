#pragma once
// The models with reference outputs that tests compare the engine with, where they are at hand.

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace squall::agents {

/// $SQUALL_TEST_MODELS, else the folder shared beside the source tree, where tests run.
inline std::filesystem::path test_models() {
  const char* wanted = std::getenv("SQUALL_TEST_MODELS");
  return wanted && *wanted ? wanted : "../shared/models";
}

/// A precondition of test cases: they are skipped, with this message, where the models are absent.
inline boost::test_tools::assertion_result models_are_at_hand(
    boost::unit_test::test_unit_id /*unit*/) {
  boost::test_tools::assertion_result result(std::filesystem::exists(test_models() / "gguf"));
  result.message() << "no models in " << test_models() << "; set SQUALL_TEST_MODELS to compare";
  return result;
}

struct ExpectedAnswer {
  std::vector<std::int32_t> prompt;
  std::vector<std::int32_t> answer;  // greedy
  std::vector<float> gaps;           // by answer token: the winner's logit minus the second's
  std::vector<std::pair<std::int32_t, float>> last_prompt_logits;  // the 20 greatest
};

struct ExpectedOutputs {
  std::vector<ExpectedAnswer> answers;
  std::vector<std::int32_t> text;        // tokens of the evaluation text
  std::vector<float> log_probabilities;  // of text[i + 1] after text[0..i]
  double perplexity = 0;
};

/// `folder`: "expected" or "expected_dequantized".
inline ExpectedOutputs read_expected(const std::string& folder, const std::string& model) {
  std::ifstream file(test_models() / folder / (model + ".json"));
  BOOST_REQUIRE_MESSAGE(file, "cannot read the expected outputs of " << model);
  const auto json = nlohmann::json::parse(file);
  ExpectedOutputs expected;
  for (const auto& answer : json.at("greedy")) {
    expected.answers.push_back(
        {answer.at("prompt_ids").get<std::vector<std::int32_t>>(),
         answer.at("ids").get<std::vector<std::int32_t>>(),
         answer.at("gap_to_2nd").get<std::vector<float>>(),
         answer.at("last_pos_top20").get<std::vector<std::pair<std::int32_t, float>>>()});
  }
  const auto& evaluation = json.at("ppl");
  expected.text = evaluation.at("ids").get<std::vector<std::int32_t>>();
  expected.log_probabilities = evaluation.at("logprob").get<std::vector<float>>();
  expected.perplexity = evaluation.at("ppl").get<double>();
  BOOST_REQUIRE(expected.text.size() == expected.log_probabilities.size() + 1);
  return expected;
}

}  // namespace squall::agents
