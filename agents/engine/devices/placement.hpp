#pragma once
// How many layers of a model go to a GPU whose memory is limited. Arithmetic alone.
//
// The GPU gets the last layers and the output, the CPU what comes before: tokens are looked up in a
// table of which a step reads few rows, so it is the last thing to spend a GPU's memory on, and the
// residual crosses once a step, in the direction that does not wait for the GPU.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "agents/engine/layer_stack.hpp"
#include "agents/engine/model/model.hpp"
#include "kernels/backend.hpp"

namespace squall::agents {

/// Bytes of a model's weights as its file has them; packed for a GPU they are about as many.
struct WeightSizes {
  std::uint64_t table = 0;
  std::uint64_t output = 0;
  std::vector<std::uint64_t> layers;

  std::uint64_t last_layers(std::size_t count) const;
};
WeightSizes weight_sizes(const Model& model);

/// What an engine wants to have on a GPU beside the weights.
struct DeviceDemand {
  TransformerLimits limits;
  kernels::KvFormat kv_format = kernels::KvFormat::f16;
  std::uint64_t kv_bytes = 0;   // of all layers; 0: as much as there is room for
  std::size_t least_pages = 1;  // without which a layer on the GPU is of no use
};

/// Bytes that are needed whatever the number of layers: activations, what kernels make of them for
/// themselves, and a reserve for what the runtime takes.
std::uint64_t scratch_bytes(const Hyperparameters& shape, const TransformerLimits& limits,
                            std::uint64_t memory);

struct Placement {
  std::size_t gpu_layers = 0;  // the last so many, and the output; 0: none
  bool whole = false;          // all layers, and the table too: the CPU computes nothing

  friend bool operator==(const Placement&, const Placement&) = default;
};

struct PlacementQuestion {
  WeightSizes weights;
  std::uint64_t scratch = 0;
  std::uint64_t kv_layer_bytes = 0;  // of the pages of one layer that are to be there
  std::uint64_t memory = 0;          // of the GPU, that may be taken
};

/// The most that fits.
Placement place_layers(const PlacementQuestion& question);
/// One layer fewer: for when the memory was too little after all. Whole: the table goes first.
Placement less(Placement placement);

}  // namespace squall::agents
