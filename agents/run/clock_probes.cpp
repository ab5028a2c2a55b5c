#include "agents/run/clock_probes.hpp"

#include <utility>

namespace squall::agents {

namespace {

// A later burst that lost so many of its probes waits for the next time instead.
constexpr std::size_t later_burst_attempts = 3 * ClockProbes::later_burst;

// By so much of the time that passes two clocks may come apart: 200 ppm each.
constexpr std::int64_t drift_per_million = 400;

}  // namespace

bool ClockProbes::due(Instant now) {
  if (burst_ == 0) {
    if (now < next_burst_) return false;
    burst_ = later_burst;
    sent_ = 0;
    next_burst_ += between_bursts;
    if (next_burst_ <= now) next_burst_ = now + between_bursts;
  }
  if (now < next_probe_) return false;
  if (known() && sent_ == later_burst_attempts) {
    burst_ = 0;
    gathering_ = {};
    return false;
  }
  ++sent_;
  next_probe_ = now + between_probes;
  return true;
}

void ClockProbes::on_reply(const actors::ClockSample& sample) {
  if (burst_ == 0) return;  // an answer more than was needed
  gathering_.add(sample);
  if (gathering_.samples() < burst_) return;
  if (!known())
    next_burst_ = sample.arrived + nanoseconds(static_cast<std::int64_t>(
                                       phase_ * static_cast<double>(between_bursts.count())));
  burst_ = 0;
  const actors::ClockOffset burst = std::exchange(gathering_, {});
  const nanoseconds drifted = (sample.arrived - known_at_) / 1'000'000 * drift_per_million;
  if (known() && burst.error_bound() > known_.error_bound() + drifted) return;
  known_ = burst;
  known_at_ = sample.arrived;
}

}  // namespace squall::agents
