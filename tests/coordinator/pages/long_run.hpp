#pragma once
// The record of a long run that never took place: for the size of reports and the speed of pages.

#include <cstdint>

#include "coordinator/run/run_record.hpp"

namespace squall::tests {

/// Equal ones are equal runs.
struct LongRunKind {
  std::uint64_t seed = 7;
  double slower = 1;  // all latencies, times this
};

/// So many agents report each second for so long, a minute of warm-up and resources included;
/// latencies vary, with spikes and a few errors.
coordinator::RunRecord long_record(std::size_t agents, std::chrono::seconds length,
                                   const LongRunKind& kind = {});

}  // namespace squall::tests
