#pragma once
// Which layers of a model are computed where: consecutive ones, each run on a backend of its own.

#include <cstddef>
#include <span>

#include "kernels/backend.hpp"

namespace squall::agents {

/// All runs of a model, in order, have all of its layers. The first looks up tokens, the last makes
/// logits, even if they have no layers. The backends are others' and outlive who uses them.
struct LayerRun {
  kernels::Backend* backend = nullptr;
  std::size_t layers = 0;
};

using LayerRuns = std::span<const LayerRun>;

}  // namespace squall::agents
