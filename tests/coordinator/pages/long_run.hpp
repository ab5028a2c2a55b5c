#pragma once
// The record of a long run that never took place: for the size of reports and the speed of pages.

#include "coordinator/run/run_record.hpp"

namespace squall::tests {

/// So many agents report each second for so long, resources included; latencies vary, with spikes
/// and a few errors. One seed, always the same.
coordinator::RunRecord long_record(std::size_t agents, std::chrono::seconds length);

}  // namespace squall::tests
