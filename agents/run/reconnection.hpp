#pragma once
// What an agent does about a coordinator that is silent: when to greet again, when to try a new
// connection, and how long ago anything was heard.
//
// Attempts come ever more rarely, and at times that differ from agent to agent, so that a
// coordinator that comes back is not met by all of them at once.

#include <algorithm>

#include "actors/fabric_times.hpp"
#include "actors/metrics/request_timeline.hpp"
#include "scenarios/load/random.hpp"

namespace squall::agents {

using actors::Instant;
using std::chrono::nanoseconds;

class Reconnection {
 public:
  /// `seed` spreads the agents' attempts; their epoch, for instance.
  Reconnection(const actors::FabricTimes& times, std::uint64_t seed, Instant now);

  /// True when that ends a silence.
  bool on_heard(Instant now);
  /// This process was stopped for so long itself: what came meanwhile it could not hear.
  void excuse(nanoseconds stopped, Instant now) {
    last_heard_ = std::min(now, last_heard_ + stopped);
  }
  /// Nothing was ever heard and there is no reason to wait for it.
  void expect_silence() { silent_ = true; }

  struct Attempt {
    bool greet = false;
    bool connect_anew = false;
  };
  Attempt attempt(Instant now);

  bool silent() const { return silent_; }
  nanoseconds silence(Instant now) const { return now - last_heard_; }

 private:
  actors::FabricTimes times_;
  scenarios::Random jitter_;
  Instant last_heard_;
  bool silent_ = false;
  Instant next_greeting_, next_connection_;
  nanoseconds pause_;  // before the next greeting, without jitter
};

}  // namespace squall::agents
