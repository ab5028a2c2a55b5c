#include "agents/run/lease.hpp"

#include <algorithm>

namespace squall::agents {

bool Lease::on_beat_answered(Instant sent) {
  if (!newest_beat_ || sent > *newest_beat_) return false;
  if (answered_beat_ && sent <= *answered_beat_) return false;
  answered_beat_ = sent;
  return true;
}

Instant Lease::end() const { return answered_beat_ ? *answered_beat_ + length_ : Instant::min(); }

void PausedTime::begin(Instant at) {
  if (!since_) since_ = at;
}

void PausedTime::end(Instant at) {
  if (since_ && at > *since_) ended_.push_back({*since_, at});
  since_.reset();
}

nanoseconds PausedTime::take_until(Instant from, Instant to) {
  nanoseconds total{0};
  for (const Pause& pause : ended_)
    total += std::max(std::min(pause.end, to) - std::max(pause.begin, from), nanoseconds{0});
  if (since_) total += std::max(to - std::max(*since_, from), nanoseconds{0});
  std::erase_if(ended_, [to](const Pause& pause) { return pause.end <= to; });
  return total;
}

}  // namespace squall::agents
