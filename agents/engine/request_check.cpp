#include "agents/engine/request_check.hpp"

#include <algorithm>
#include <cmath>

#include "agents/engine/model/model.hpp"

namespace squall::agents {

namespace {

/// Why these options are none; empty if they are fine.
std::string objection_to(const SamplerOptions& sampling) {
  const auto is_share = [](float value) { return value >= 0 && value <= 1; };
  if (!std::isfinite(sampling.temperature) || sampling.temperature < 0) {
    return "the temperature must be 0 or above but is " + std::to_string(sampling.temperature);
  }
  if (!is_share(sampling.top_p)) {
    return "top_p must be from 0 to 1 but is " + std::to_string(sampling.top_p);
  }
  if (!is_share(sampling.min_p)) {
    return "min_p must be from 0 to 1 but is " + std::to_string(sampling.min_p);
  }
  if (!std::isfinite(sampling.repetition_penalty) || !(sampling.repetition_penalty > 0)) {
    return "the repetition penalty must be above 0 but is " +
           std::to_string(sampling.repetition_penalty);
  }
  return {};
}

}  // namespace

std::string objection_to(const GenerationRequest& request, const Hyperparameters& shape,
                         std::size_t cached_positions) {
  const std::size_t prompt = request.prompt.size();
  if (prompt == 0) return "the prompt is empty; at least one token is needed";
  if (request.max_tokens == 0) return "an answer of 0 tokens is asked for; ask for at least one";
  if (prompt + request.max_tokens > shape.context) {
    return "prompt and answer exceed the model's context of " + std::to_string(shape.context) +
           " tokens";
  }
  if (prompt + request.max_tokens - 1 > cached_positions) {
    return "prompt and answer exceed the " + std::to_string(cached_positions) +
           " positions that the memory for keys and values has room for; give it more memory";
  }
  const auto outside = std::ranges::find_if(request.prompt, [&](TokenId token) {
    return token < 0 || static_cast<std::size_t>(token) >= shape.vocabulary;
  });
  if (outside != request.prompt.end()) {
    return "a token of the prompt is outside the vocabulary of " + std::to_string(shape.vocabulary);
  }
  return objection_to(request.sampling);
}

}  // namespace squall::agents
