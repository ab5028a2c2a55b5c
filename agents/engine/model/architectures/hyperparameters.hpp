#pragma once
// Reads an architecture's hyper-parameters from GGUF metadata and checks their ranges.

#include "agents/engine/model/architectures/architecture.hpp"
#include "agents/engine/model/gguf_metadata.hpp"
#include "agents/engine/model/model.hpp"

namespace squall::agents {

/// `vocabulary`: the number of tokens that the tokenizer knows. Throws ModelError naming the key;
/// also for keys that ask for something that this engine would silently do without.
Hyperparameters read_hyperparameters(const Architecture& architecture, const GgufMetadata& metadata,
                                     std::size_t vocabulary);

}  // namespace squall::agents
