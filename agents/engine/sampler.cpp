#include "agents/engine/sampler.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <limits>

namespace squall::agents {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

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

/// e^x for x <= 0, the same bits on every machine, which libraries do not promise. Below e^-40 it
/// is 0: less than the resolution of chance(). The series' relative error is below 1e-9.
double exponential(double x) {
  if (!(x > -40)) return 0;
  constexpr double log2_of_e = 1.4426950408889634;
  constexpr double ln2 = 0.6931471805599453;
  const double halvings = std::floor(x * log2_of_e + 0.5);
  const double rest = x - halvings * ln2;  // within ln(2) / 2 of 0
  constexpr std::array<double, 9> inverse_factorials{
      1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1.0, 1.0};
  double sum = 0;
  for (const double factor : inverse_factorials) sum = sum * rest + factor;
  const auto exponent = static_cast<std::int64_t>(halvings);
  return sum * std::bit_cast<double>((1023 + exponent) << 52);
}

double weight(float logit, float top, float temperature = 1) {
  return exponential((static_cast<double>(logit) - static_cast<double>(top)) /
                     static_cast<double>(temperature));
}

std::int32_t likeliest(std::span<const float> logits) {
  std::int32_t winner = -1;
  float best = -infinity;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (!(logits[i] > best)) continue;
    best = logits[i];
    winner = static_cast<std::int32_t>(i);
  }
  return winner;
}

}  // namespace

std::size_t candidates_needed(const SamplerOptions& options) {
  if (options.repetition_penalty != 1) return 0;
  if (!(options.temperature > 0)) return 1;
  return options.top_k <= kernels::most_candidates ? options.top_k : 0;
}

std::span<const float> Sampler::penalize(std::span<const float> logits,
                                         const SamplerOptions& options,
                                         std::span<const std::int32_t> recent) {
  recent = recent.last(std::min<std::size_t>(recent.size(), options.penalty_window));
  if (options.repetition_penalty == 1 || recent.empty()) return logits;
  penalized_.assign(logits.begin(), logits.end());
  recent_.assign(recent.begin(), recent.end());
  std::sort(recent_.begin(), recent_.end());
  recent_.erase(std::unique(recent_.begin(), recent_.end()), recent_.end());
  for (const std::int32_t token : recent_) {
    assert(token >= 0 && static_cast<std::size_t>(token) < logits.size());
    float& logit = penalized_[static_cast<std::size_t>(token)];
    logit = logit > 0 ? logit / options.repetition_penalty : logit * options.repetition_penalty;
  }
  return penalized_;
}

void Sampler::keep_top_k(std::size_t count) {
  if (count == 0 || count >= candidates_.size()) return;
  const auto end = candidates_.begin() + static_cast<std::ptrdiff_t>(count);
  std::nth_element(candidates_.begin(), end, candidates_.end());
  candidates_.erase(end, candidates_.end());
}

/// The fewest of the likeliest that have this share together; at least one.
void Sampler::keep_top_p(float top, double share) {
  double total = 0;
  for (const Candidate& each : candidates_) total += weight(each.logit, top);
  const double wanted = share * total;
  // Sorts a little more of them at a time: mostly few have the share.
  const auto size = static_cast<std::ptrdiff_t>(candidates_.size());
  double passed = 0;
  std::ptrdiff_t kept = 0;
  std::ptrdiff_t sorted = 0;
  for (std::ptrdiff_t step = 64; kept < size && (kept == 0 || passed < wanted); ++kept) {
    if (kept == sorted) {
      const auto begin = candidates_.begin() + sorted;
      sorted = std::min(size, sorted + step);
      const auto end = candidates_.begin() + sorted;
      std::nth_element(begin, end, candidates_.end());
      std::sort(begin, end);
      step *= 4;
    }
    passed += weight(candidates_[static_cast<std::size_t>(kept)].logit, top);
  }
  candidates_.resize(static_cast<std::size_t>(kept));
}

std::int32_t Sampler::draw(float top, const SamplerOptions& options, std::uint64_t step) {
  weights_.clear();
  double total = 0;
  for (const Candidate& each : candidates_) {
    weights_.push_back(weight(each.logit, top, options.temperature));
    total += weights_.back();
  }
  const double target = chance(options.seed, step) * total;
  double passed = 0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    passed += weights_[i];
    if (passed > target) return candidates_[i].id;
  }
  return candidates_.back().id;  // not reached: the target is below the total
}

std::int32_t Sampler::choose(std::span<const float> all_logits, const SamplerOptions& options,
                             std::uint64_t step, std::span<const std::int32_t> recent) {
  assert(!all_logits.empty());
  const std::span<const float> logits = penalize(all_logits, options, recent);
  const std::int32_t winner = likeliest(logits);
  if (winner < 0 || !(options.temperature > 0)) return winner;
  const float top = logits[static_cast<std::size_t>(winner)];
  if (top == infinity) return winner;

  candidates_.clear();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] > -infinity) candidates_.push_back({logits[i], static_cast<std::int32_t>(i)});
  }
  const std::size_t all = candidates_.size();
  keep_top_k(options.top_k);
  // In the order of ids, whatever the library's way of finding the likeliest.
  if (candidates_.size() < all) std::ranges::sort(candidates_, {}, &Candidate::id);
  return choose_candidate(top, options, step);
}

std::int32_t Sampler::choose(std::span<const kernels::Candidate> greatest,
                             const SamplerOptions& options, std::uint64_t step) {
  assert(!greatest.empty() && candidates_needed(options) > 0);
  const float top = greatest.front().value;
  if (!(top > -infinity)) return -1;
  if (!(options.temperature > 0) || top == infinity) return greatest.front().index;
  candidates_.clear();
  for (const kernels::Candidate& each :
       greatest.first(std::min<std::size_t>(greatest.size(), options.top_k))) {
    if (each.value > -infinity) candidates_.push_back({each.value, each.index});
  }
  std::ranges::sort(candidates_, {}, &Candidate::id);
  return choose_candidate(top, options, step);
}

/// Of those that top-k left, in the order of ids.
std::int32_t Sampler::choose_candidate(float top, const SamplerOptions& options,
                                       std::uint64_t step) {
  if (options.top_p < 1) {
    keep_top_p(top, static_cast<double>(options.top_p));
    std::ranges::sort(candidates_, {}, &Candidate::id);
  }
  if (options.min_p > 0) {
    const double least = std::min(1.0, static_cast<double>(options.min_p));
    std::erase_if(candidates_,
                  [&](const Candidate& each) { return weight(each.logit, top) < least; });
  }
  return draw(top, options, step);
}

std::int32_t sample_token(std::span<const float> logits, const SamplerOptions& options,
                          std::uint64_t step, std::span<const std::int32_t> recent) {
  return Sampler().choose(logits, options, step, recent);
}

}  // namespace squall::agents
