#pragma once
// Picks the next token from logits: greedy, or by seeded chance.

#include <cstdint>
#include <span>

namespace squall::agents {

struct SamplerOptions {
  float temperature = 0;   // 0: greedy, the lowest id among equals
  std::uint64_t seed = 0;  // with temperature > 0: same seed, prompt and model, same answer
};

/// `step` counts the tokens of this answer from 0, so that a choice depends on nothing else.
std::int32_t sample_token(std::span<const float> logits, const SamplerOptions& options,
                          std::uint64_t step);

}  // namespace squall::agents
