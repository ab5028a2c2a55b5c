#include "agents/targets/resilience/retry_policy.hpp"

#include <algorithm>
#include <cmath>

#include "scenarios/load/random.hpp"

namespace squall::agents {

using namespace actors;

namespace {

constexpr std::uint64_t jitter_purpose = 0x7265747279;  // a stream of its own: "retry"

}  // namespace

bool worth_another_attempt(const RequestTimeline& attempt) {
  if (!attempt.content.empty()) return false;
  if (const auto* failed = std::get_if<Failed>(&attempt.outcome)) return failed->may_pass;
  return std::holds_alternative<TimedOut>(attempt.outcome);
}

std::chrono::nanoseconds RetryPolicy::pause(unsigned attempts, std::uint64_t seed) const {
  scenarios::Random random(seed, jitter_purpose, attempts);
  const double longest = static_cast<double>(settings_.longest_pause.count());
  const double grown = static_cast<double>(settings_.first_pause.count()) *
                       std::pow(settings_.factor, static_cast<double>(attempts) - 1);
  const double kept = 1 - settings_.jitter * random.uniform();
  return nanoseconds(static_cast<std::int64_t>(std::min(grown, longest) * kept));
}

std::optional<Instant> RetryPolicy::next_attempt(const RequestTimeline& attempt, unsigned attempts,
                                                 std::uint64_t seed, Instant deadline) const {
  if (attempts >= settings_.attempts || !worth_another_attempt(attempt)) return std::nullopt;
  nanoseconds wait = pause(attempts, seed);
  if (const auto* failed = std::get_if<Failed>(&attempt.outcome))
    wait = std::max(wait, failed->retry_after);
  if (wait >= deadline - attempt.ended) return std::nullopt;  // also where the sum would overflow
  return attempt.ended + wait;
}

}  // namespace squall::agents
