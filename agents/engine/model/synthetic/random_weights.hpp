#pragma once
// Fills memory with random weights in any format, fast, and the same for any number of threads.

#include <cstdint>
#include <span>

#include "kernels/formats/block_formats.hpp"

namespace squall::agents {

/// Weights of mean about 0 and the given standard deviation, uniformly distributed. `bytes`: whole
/// blocks of the format.
void fill_with_random_weights(kernels::Format format, std::span<std::byte> bytes,
                              double standard_deviation, std::uint64_t seed);

}  // namespace squall::agents
