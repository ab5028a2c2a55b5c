#include "agents/model_tool/verify/expected_outputs.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "agents/engine/model/model.hpp"

namespace squall::agents {

namespace {

using nlohmann::json;

void check_tokens(const std::vector<std::int32_t>& tokens, std::size_t vocabulary) {
  for (const std::int32_t token : tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= vocabulary) {
      throw ModelError("token " + std::to_string(token) + " is outside the model's vocabulary of " +
                       std::to_string(vocabulary) + "; was it recorded with another model?");
    }
  }
}

ExpectedAnswer read_answer(const json& entry, std::size_t vocabulary) {
  ExpectedAnswer answer{entry.at("prompt_ids").get<std::vector<std::int32_t>>(),
                        entry.at("ids").get<std::vector<std::int32_t>>(),
                        entry.at("gap_to_2nd").get<std::vector<float>>(),
                        {}};
  if (entry.contains("last_pos_top20")) {
    entry.at("last_pos_top20").get_to(answer.last_prompt_logits);
  }
  check_tokens(answer.prompt, vocabulary);
  check_tokens(answer.answer, vocabulary);
  for (const auto& [token, logit] : answer.last_prompt_logits) check_tokens({token}, vocabulary);
  if (answer.prompt.empty() || answer.answer.empty() ||
      answer.gaps.size() != answer.answer.size()) {
    throw ModelError("an answer needs a prompt, tokens, and as many gaps as tokens");
  }
  return answer;
}

ExpectedOutputs read(const json& document, std::size_t vocabulary) {
  ExpectedOutputs expected;
  for (const json& entry : document.at("greedy")) {
    expected.answers.push_back(read_answer(entry, vocabulary));
  }
  if (!document.contains("ppl")) return expected;
  const json& evaluation = document.at("ppl");
  evaluation.at("ids").get_to(expected.text);
  evaluation.at("logprob").get_to(expected.log_probabilities);
  evaluation.at("ppl").get_to(expected.perplexity);
  check_tokens(expected.text, vocabulary);
  if (expected.text.size() != expected.log_probabilities.size() + 1) {
    throw ModelError("a text of n tokens has n - 1 log-probabilities");
  }
  return expected;
}

}  // namespace

ExpectedOutputs read_expected_outputs(const std::filesystem::path& path, std::size_t vocabulary) {
  std::ifstream file(path);
  if (!file) throw ModelError("cannot read the expected outputs " + path.string());
  try {
    ExpectedOutputs expected = read(json::parse(file), vocabulary);
    if (expected.answers.empty() && expected.log_probabilities.empty()) {
      throw ModelError("there is neither an answer nor a text to compare with");
    }
    return expected;
  } catch (const json::exception& error) {
    throw ModelError(path.string() + ": " + error.what());
  } catch (const ModelError& error) {
    throw ModelError(path.string() + ": " + error.what());
  }
}

}  // namespace squall::agents
