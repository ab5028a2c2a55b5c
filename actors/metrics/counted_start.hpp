#pragma once
// What became of an intended start that came due. Plain data.

#include "actors/metrics/request_timeline.hpp"

namespace squall::actors {

struct CountedStart {
  enum class Fate : unsigned char {
    issued,                // handed to the target
    dropped_late,          // as many in flight as may be
    cancelled_before_send  // came due, but the load was told to stop
  };
  Fate fate = Fate::issued;
  Phase phase = Phase::measure;
  Instant at;  // when it was decided
};

}  // namespace squall::actors
