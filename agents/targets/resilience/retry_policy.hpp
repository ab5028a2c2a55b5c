#pragma once
// Whether and when a request that failed is tried again: exponential backoff with seeded jitter,
// never sooner than the server asked, never past the request's deadline.
//
// Plain decisions; thread-safe because nothing changes. Jitter: Brooker, "Exponential Backoff And
// Jitter", AWS Architecture Blog, 2015.

#include <cstdint>
#include <optional>

#include "actors/metrics/request_timeline.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::agents {

/// Another attempt may succeed: nothing of an answer has come, and the failure may pass or the
/// attempt's own patience ran out.
bool worth_another_attempt(const actors::RequestTimeline& attempt);

class RetryPolicy {
 public:
  explicit RetryPolicy(const scenarios::Retries& settings) : settings_(settings) {}

  /// When the attempt after `attempt` starts; none: the request ends as this attempt did.
  /// `attempts`: so many were made, this one included. `seed` is the request's own: equal seeds
  /// draw equal pauses, whatever else is going on.
  std::optional<actors::Instant> next_attempt(const actors::RequestTimeline& attempt,
                                              unsigned attempts, std::uint64_t seed,
                                              actors::Instant deadline) const;

  /// The pause after so many attempts, before the server's own wish.
  std::chrono::nanoseconds pause(unsigned attempts, std::uint64_t seed) const;

 private:
  scenarios::Retries settings_;
};

}  // namespace squall::agents
