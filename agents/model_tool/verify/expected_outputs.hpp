#pragma once
// What another engine computed for a model, as recorded in a JSON file.
//
//   {"greedy": [{"prompt_ids": […], "ids": […], "gap_to_2nd": […], "last_pos_top20": [[id, logit]
//   …]}],
//    "ppl": {"ids": […], "logprob": […], "ppl": 3.78}}

#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

namespace squall::agents {

struct ExpectedAnswer {
  std::vector<std::int32_t> prompt;
  std::vector<std::int32_t> answer;  // greedy
  std::vector<float> gaps;           // by answer token: the winner's logit minus the second's
  std::vector<std::pair<std::int32_t, float>> last_prompt_logits;  // the greatest
};

struct ExpectedOutputs {
  std::vector<ExpectedAnswer> answers;
  std::vector<std::int32_t> text;        // whose perplexity is known; may be empty
  std::vector<float> log_probabilities;  // of text[i + 1] after text[0..i]
  double perplexity = 0;
};

/// `vocabulary`: of the model; all tokens are checked against it. Throws ModelError.
ExpectedOutputs read_expected_outputs(const std::filesystem::path& path, std::size_t vocabulary);

}  // namespace squall::agents
