#pragma once
// In which order the runs of a campaign are made.

#include <cstdint>
#include <vector>

#include "coordinator/campaign/file/campaign_file.hpp"

namespace squall::coordinator {

struct PlannedRun {
  std::size_t cell = 0;
  unsigned repeat = 1;  // from 1
  bool operator==(const PlannedRun&) const = default;
};

/// All runs of so many cells. Random: shuffled by `seed`, the same on every machine.
std::vector<PlannedRun> ordered_runs(std::size_t cells, unsigned repeats, CampaignOrder order,
                                     std::uint64_t seed);

}  // namespace squall::coordinator
