#pragma once
// Fills memory with random weights in any format, fast, and the same for any number of threads.

#include <cstdint>
#include <span>

#include "kernels/formats/block_formats.hpp"

namespace squall::agents {

/// Weights of mean about 0 and the given standard deviation, each quant of a format as likely as
/// the others. `bytes`: whole blocks of the format. Returns the scale that multiplies all of them:
/// 1 except for i2_s, whose files keep it behind the blocks.
float fill_with_random_weights(kernels::Format format, std::span<std::byte> bytes, double deviation,
                               std::uint64_t seed);

}  // namespace squall::agents
