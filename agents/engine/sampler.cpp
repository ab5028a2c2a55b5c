#include "agents/engine/sampler.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace squall::agents {

namespace {

/// In [0, 1), from seed and step alone (the finalizer of SplitMix64, twice).
double chance(std::uint64_t seed, std::uint64_t step) {
  const auto scramble = [](std::uint64_t z) {
    z += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  };
  return static_cast<double>(scramble(scramble(seed) + step) >> 11) * 0x1p-53;
}

}  // namespace

std::int32_t sample_token(std::span<const float> logits, const SamplerOptions& options,
                          std::uint64_t step) {
  assert(!logits.empty());
  const auto greatest = std::max_element(logits.begin(), logits.end());
  const auto winner = static_cast<std::int32_t>(greatest - logits.begin());
  if (!(options.temperature > 0)) return winner;

  const float top = *greatest;
  const auto weight = [&](float logit) {
    return static_cast<double>(std::exp((logit - top) / options.temperature));
  };
  double total = 0;
  for (const float logit : logits) total += weight(logit);
  const double target = chance(options.seed, step) * total;
  double passed = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    passed += weight(logits[i]);
    if (passed > target) return static_cast<std::int32_t>(i);
  }
  return winner;  // only where logits are not numbers
}

}  // namespace squall::agents
