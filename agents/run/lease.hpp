#pragma once
// How long an agent may start requests: plain arithmetic on its own clock.
//
// Only an answered heartbeat renews a lease, and it counts from when that heartbeat was sent: so an
// agent never believes longer in its lease than the coordinator does, whatever the network did to
// the answer. Answers that are late, doubled or out of order can only fail to lengthen it.

#include <optional>
#include <vector>

#include "actors/metrics/request_timeline.hpp"

namespace squall::agents {

using actors::Instant;
using std::chrono::nanoseconds;

class Lease {
 public:
  explicit Lease(nanoseconds length) : length_(length) {}

  void on_beat_sent(Instant at) { newest_beat_ = at; }
  /// True when it lasts longer now. An answer to what was never sent renews nothing.
  bool on_beat_answered(Instant sent);

  bool holds(Instant now) const { return now < end(); }
  /// Before the first answered heartbeat: the distant past.
  Instant end() const;

 private:
  nanoseconds length_;
  std::optional<Instant> newest_beat_, answered_beat_;
};

/// When an agent was without a lease; asked for one interval after the other.
class PausedTime {
 public:
  void begin(Instant at);
  void end(Instant at);
  bool paused() const { return since_.has_value(); }
  Instant since() const { return *since_; }  // requires paused()

  /// How much of [from, to) was paused. What lies before `to` is forgotten.
  nanoseconds take_until(Instant from, Instant to);

 private:
  struct Pause {
    Instant begin, end;
  };
  std::optional<Instant> since_;
  std::vector<Pause> ended_;  // and not forgotten yet
};

}  // namespace squall::agents
