#pragma once
// Writes floats as rows of a format, by the rules that made the GGUF files in circulation.

#include <cstddef>
#include <span>

#include "kernels/formats/block_formats.hpp"

namespace squall::kernels {

/// `values`: finite, a whole number of the format's blocks. `row`: room for
/// bytes_per_row(format, values.size()) bytes at any alignment.
///   f16   round to nearest, ties to even
///   q8_0  scale = max |x| / 127, quant = x / scale rounded, halves away from zero
///   q4_0  scale = (the x of greatest |x|, with its sign) / -8, nibble = min(15, x / scale + 8.5)
/// The quants are chosen with the scale before it is rounded to half precision.
void quantize_row(Format format, std::span<const float> values, std::byte* row);

}  // namespace squall::kernels
