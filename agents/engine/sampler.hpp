#pragma once
// Picks the next token from logits: greedy, or by seeded chance.
//
// Same logits, options, step and recent tokens, same choice, on every machine. A logit that is not
// a number is one that is never chosen.

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/backend.hpp"

namespace squall::agents {

/// Applied in this order: repetition penalty, top-k, top-p, min-p, temperature, choice. Shares are
/// those of the softmax at temperature 1.
struct SamplerOptions {
  float temperature = 0;              // 0: greedy, the lowest id among equals
  std::uint32_t top_k = 0;            // only the so many likeliest; 0: all
  float top_p = 1;                    // only the likeliest whose shares add up to this; 1: all
  float min_p = 0;                    // only those at least this share of the likeliest; 0: all
  float repetition_penalty = 1;       // logits of recent tokens: / by it above 0, * below; 1: none
  std::uint32_t penalty_window = 64;  // how many of the latest tokens, prompt included, are recent
  std::uint64_t seed = 0;  // with temperature > 0: same seed, prompt and model, same answer
};

/// How many of the greatest logits a choice needs to know; 0: all logits, or more than a backend
/// finds (most_candidates).
std::size_t candidates_needed(const SamplerOptions& options);

/// Keeps the memory that a choice needs for the next. One owner.
class Sampler {
 public:
  /// `step` counts the tokens of this answer from 0, so that a choice depends on nothing else.
  /// `recent`: the latest tokens of prompt and answer, at least penalty_window of them if there
  /// are. -1: no token can be chosen, because each logit is negative infinity or not a number.
  std::int32_t choose(std::span<const float> logits, const SamplerOptions& options,
                      std::uint64_t step, std::span<const std::int32_t> recent = {});
  /// The same choice from the greatest logits, the greatest first: at least
  /// candidates_needed(options) of them, or all that there are.
  std::int32_t choose(std::span<const kernels::Candidate> greatest, const SamplerOptions& options,
                      std::uint64_t step);

 private:
  struct Candidate {
    float logit;
    std::int32_t id;
    bool operator<(const Candidate& other) const {  // the likelier first, of equals the lower id
      return logit > other.logit || (logit == other.logit && id < other.id);
    }
  };

  std::span<const float> penalize(std::span<const float> logits, const SamplerOptions& options,
                                  std::span<const std::int32_t> recent);
  void keep_top_k(std::size_t count);
  std::int32_t choose_candidate(float top, const SamplerOptions& options, std::uint64_t step);
  void keep_top_p(float top, double share);
  std::int32_t draw(float top, const SamplerOptions& options, std::uint64_t step);

  std::vector<float> penalized_;
  std::vector<std::int32_t> recent_;
  std::vector<Candidate> candidates_;
  std::vector<double> weights_;  // of the candidates
};

/// A Sampler's choice, for those who ask seldom.
std::int32_t sample_token(std::span<const float> logits, const SamplerOptions& options,
                          std::uint64_t step, std::span<const std::int32_t> recent = {});

}  // namespace squall::agents
