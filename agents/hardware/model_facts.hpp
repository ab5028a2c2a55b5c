#pragma once
// What a model asks of a machine, counted from its weights: the other half of a roofline.

#include <cstdint>

#include "agents/engine/devices/engine_backends.hpp"
#include "agents/engine/model/model.hpp"
#include "kernels/backend.hpp"
#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::agents {

/// Bytes of weights that one step of decoding reads, whatever the batch: all but an embedding of
/// which only a row is read.
std::uint64_t weight_bytes_of_step(const Model& model);

/// `file_bytes`: of the model's file; 0 for a synthetic one. Keys and values as the backends keep
/// them.
scenarios::ModelFacts model_facts(const Model& model, const EngineBackends& backends,
                                  kernels::KvFormat kv_format, std::uint64_t file_bytes);

}  // namespace squall::agents
