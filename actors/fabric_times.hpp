#pragma once
// How long coordinator and agents wait for each other. Both sides must agree on the lease; all else
// is each one's own patience. docs/protocol.md says why each is what it is.

#include <chrono>

namespace squall::actors {

struct FabricTimes {
  using duration = std::chrono::nanoseconds;

  // An agent may start requests for so long after it sent the newest heartbeat that was answered.
  duration lease = std::chrono::seconds(3);
  duration beat = std::chrono::seconds(1);
  // The coordinator gives nobody else an agent's work before its lease can be no more, drift of the
  // clocks and a stop of this process included: that long after it last answered a heartbeat.
  duration lease_margin = std::chrono::milliseconds(500);
  duration suspect_after = std::chrono::seconds(3);  // of silence: told in the live view
  duration dead_after = std::chrono::seconds(5);     // of silence: given up

  duration reconnect_first = std::chrono::milliseconds(100);  // doubles, with jitter …
  duration reconnect_last = std::chrono::seconds(5);          // … up to this
  duration connect_anew_after = std::chrono::seconds(5);      // of silence: a new connection
  duration agent_patience = std::chrono::minutes(10);         // with a run, without a coordinator
  duration greeting_patience = std::chrono::seconds(15);      // without a run
};

}  // namespace squall::actors
