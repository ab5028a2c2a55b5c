#pragma once
// What a machine could reach at best with a model: the roofline of decoding (Williams, Waterman and
// Patterson, "Roofline", CACM 52, 2009), from measured ceilings. Derivation: docs/thresholds.md.

#include <optional>
#include <string>

#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::scenarios {

struct RooflineLoad {
  double concurrency = 1;  // requests that are decoded together
  double context = 0;      // positions before a token, on average
  unsigned threads = 0;    // of the engine; 0: as many as were measured
};

struct Roofline {
  double tokens_per_second = 0;
  double bandwidth = 0;     // bytes per second, of that many threads or of the GPU
  double arithmetic = 0;    // multiply-adds per second, likewise
  double memory_time = 0;   // seconds of a step to read weights, keys and values
  double compute_time = 0;  // seconds of a step to compute
};

/// The GPU that has layers of the model: by its address, else by its name. Null: none has, or which
/// of several it is is not known.
const GpuFacts* gpu_of_model(const HardwareFacts& hardware, const ModelFacts& model);

/// Whose rates bound a model that a GPU computes alone. Null: none does, or its rates are not
/// known.
const GpuFacts* gpu_that_computes(const HardwareFacts& hardware, const ModelFacts& model);

/// What is missing for it, in words; empty: nothing.
std::string missing_for_roofline(const std::optional<HardwareFacts>& hardware,
                                 const std::optional<ModelFacts>& model);

/// None when something is missing.
std::optional<Roofline> roofline_of(const HardwareFacts& hardware, const ModelFacts& model,
                                    const RooflineLoad& load);

}  // namespace squall::scenarios
