#pragma once
// What a request must be for an engine to take it.

#include <cstddef>
#include <string>

#include "agents/engine/inference_engine.hpp"

namespace squall::agents {

struct Hyperparameters;

/// Why the model cannot serve the request; empty if it can. `cached_positions`: what the memory for
/// keys and values has room for.
std::string objection_to(const GenerationRequest& request, const Hyperparameters& shape,
                         std::size_t cached_positions);

}  // namespace squall::agents
