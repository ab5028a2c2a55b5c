#pragma once
// Work that is taken over while the run goes on: what of a share is due once its agent was lost.
//
// The load does not come back at once: it rises over a ramp. Who is left out meanwhile is fixed by
// the seed and by which arrival or user it is, so it does not depend on who takes the work over,
// nor on how many do.

#include <cstdint>
#include <memory>

#include "scenarios/load/arrival_stream.hpp"

namespace squall::scenarios {

/// What is due from `from` on, thinned so that the load rises from nothing to all of it over
/// `ramp`. Where both are zero nothing is left out: no late entry.
struct LateEntry {
  nanoseconds from{0};  // since the common start
  nanoseconds ramp{0};

  friend bool operator==(const LateEntry&, const LateEntry&) = default;
};

/// Of `all` those that are due, each at its own instant: during the ramp an arrival is kept when
/// its uniform value is below the part of the ramp that has passed.
std::unique_ptr<RepeatableStream> late_arrivals(std::unique_ptr<RepeatableStream> all,
                                                std::uint64_t seed, LateEntry entry);

/// Before this instant the user does nothing: users enter one by one along the ramp.
nanoseconds entry_of_user(LateEntry entry, std::uint64_t seed, std::uint64_t user);

/// A user that is taken over begins a new session, for nobody knows how its last one went: sessions
/// count on from here. No session that the user had before is repeated, also when it changes hands
/// several times, as long as it makes fewer than a hundred a second.
std::uint32_t first_session(LateEntry entry);

}  // namespace squall::scenarios
