#include "agents/run/reconnection.hpp"

#include <algorithm>
#include <utility>

namespace squall::agents {

Reconnection::Reconnection(const actors::FabricTimes& times, std::uint64_t seed, Instant now)
    : times_(times),
      jitter_(seed),
      last_heard_(now),
      next_greeting_(now),
      next_connection_(now + times.connect_anew_after),
      pause_(times.reconnect_first) {}

bool Reconnection::on_heard(Instant now) {
  last_heard_ = now;
  pause_ = times_.reconnect_first;
  next_greeting_ = now;
  next_connection_ = now + times_.connect_anew_after;
  return std::exchange(silent_, false);
}

Reconnection::Attempt Reconnection::attempt(Instant now) {
  Attempt result;
  if (silence(now) >= times_.connect_anew_after) silent_ = true;
  if (!silent_) return result;
  if (now >= next_connection_) {
    result.connect_anew = true;
    next_connection_ = now + times_.connect_anew_after;
  }
  if (now >= next_greeting_) {
    result.greet = true;
    const double part = 0.5 + 0.5 * jitter_.uniform();
    next_greeting_ =
        now + nanoseconds(static_cast<std::int64_t>(static_cast<double>(pause_.count()) * part));
    pause_ = std::min<nanoseconds>(pause_ * 2, times_.reconnect_last);
  }
  return result;
}

}  // namespace squall::agents
