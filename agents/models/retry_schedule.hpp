#pragma once
// How long to wait before trying again: exponential backoff with full jitter, so that many who
// failed at the same moment do not come back at the same moment.
//
// Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

#include <chrono>
#include <cstdint>
#include <optional>

#include "scenarios/load/random.hpp"

namespace squall::agents {

struct RetryLimits {
  unsigned attempts = 5;  // in a row without progress, from one source
  std::chrono::milliseconds first{1000};
  std::chrono::milliseconds longest{60'000};
  std::chrono::seconds longest_asked{300};  // a server that asks for more patience is given up
};

class RetrySchedule {
 public:
  RetrySchedule(const RetryLimits& limits, std::uint64_t seed) : limits_(limits), random_(seed) {}

  /// After a failure: how long to wait, or nothing when it is time to give up. `asked`: the
  /// server's own wish (Retry-After), which is honoured and only ever lengthened.
  std::optional<std::chrono::milliseconds> next(
      std::optional<std::chrono::seconds> asked = std::nullopt);

  /// Something arrived: what failed before no longer counts.
  void progressed() { failures_ = 0; }

 private:
  RetryLimits limits_;
  scenarios::Random random_;
  unsigned failures_ = 0;
};

}  // namespace squall::agents
