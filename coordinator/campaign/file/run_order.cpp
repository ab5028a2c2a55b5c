#include "coordinator/campaign/file/run_order.hpp"

#include <utility>

#include "scenarios/load/random.hpp"

namespace squall::coordinator {

namespace {

std::vector<PlannedRun> cell_by_cell(std::size_t cells, unsigned repeats) {
  std::vector<PlannedRun> runs;
  for (std::size_t cell = 0; cell < cells; ++cell)
    for (unsigned repeat = 1; repeat <= repeats; ++repeat) runs.push_back({cell, repeat});
  return runs;
}

/// Forth and back: what drifts meanwhile meets all cells alike.
std::vector<PlannedRun> repeat_by_repeat(std::size_t cells, unsigned repeats) {
  std::vector<PlannedRun> runs;
  for (unsigned repeat = 1; repeat <= repeats; ++repeat)
    for (std::size_t i = 0; i < cells; ++i)
      runs.push_back({repeat % 2 == 1 ? i : cells - 1 - i, repeat});
  return runs;
}

/// Fisher and Yates' shuffle.
void shuffle(std::vector<PlannedRun>& runs, std::uint64_t seed) {
  scenarios::Random random(seed, 0x6F72646572);  // a stream of its own: "order"
  for (std::size_t left = runs.size(); left > 1; --left)
    std::swap(runs[left - 1], runs[random.next() % left]);
}

}  // namespace

std::vector<PlannedRun> ordered_runs(std::size_t cells, unsigned repeats, CampaignOrder order,
                                     std::uint64_t seed) {
  if (order == CampaignOrder::interleaved) return repeat_by_repeat(cells, repeats);
  auto runs = cell_by_cell(cells, repeats);
  if (order == CampaignOrder::random) shuffle(runs, seed);
  return runs;
}

}  // namespace squall::coordinator
