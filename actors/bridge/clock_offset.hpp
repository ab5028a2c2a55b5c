#pragma once
// How far the coordinator's clock is from this agent's, from probes with four timestamps each.
//
// Offset and bound as in NTP (RFC 5905, section 8), keeping the probe with the shortest round trip:
// the error is at most half of that round trip. Pure arithmetic.

#include <cstddef>
#include <optional>

#include "actors/metrics/request_timeline.hpp"

namespace squall::actors {

struct ClockSample {
  Instant sent;      // agent's clock
  Instant received;  // coordinator's clock
  Instant replied;   // coordinator's clock
  Instant arrived;   // agent's clock

  nanoseconds round_trip() const { return (arrived - sent) - (replied - received); }
  nanoseconds offset() const { return ((received - sent) + (replied - arrived)) / 2; }
};

class ClockOffset {
 public:
  /// Samples that cannot be (they end before they began) are not counted.
  void add(const ClockSample& sample);

  std::size_t samples() const { return samples_; }
  /// Coordinator's clock minus agent's; zero before the first sample.
  nanoseconds offset() const { return best_ ? best_->offset() : nanoseconds{0}; }
  /// The offset is right to within this; requires a sample.
  nanoseconds error_bound() const { return best_->round_trip() / 2; }

 private:
  std::size_t samples_ = 0;
  std::optional<ClockSample> best_;
};

}  // namespace squall::actors
