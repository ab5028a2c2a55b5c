#include "actors/bridge/clock_offset.hpp"

namespace squall::actors {

void ClockOffset::add(const ClockSample& sample) {
  if (sample.arrived < sample.sent || sample.replied < sample.received ||
      sample.round_trip() < nanoseconds{0})
    return;
  ++samples_;
  if (!best_ || sample.round_trip() < best_->round_trip()) best_ = sample;
}

}  // namespace squall::actors
