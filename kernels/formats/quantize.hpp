#pragma once
// Writes floats as rows of a format: byte for byte as the GGUF files in circulation were made where
// the rule is simple (floats, q8_0 to q5_1), by our own search for the best scales elsewhere.

#include <cstddef>
#include <span>

#include "kernels/formats/block_formats.hpp"
#include "kernels/tensor_view.hpp"

namespace squall::kernels {

/// `values`: finite, a whole number of the format's blocks. `row`: room for
/// bytes_per_row(format, values.size()) bytes at any alignment.
///   f16, bf16   round to nearest, ties to even; f16 keeps within 65504
///   q8_0        scale = max |x| / 127, quant = x / scale rounded, halves away from zero
///   q4_0, q5_0  scale = (the x of greatest |x|, with its sign) / -8 (-16),
///               quant = x / scale + 8.5 (16.5) cut off
///   q4_1, q5_1  least = min x, scale = (max x - least) / 15 (31),
///               quant = (x - least) / scale + 0.5 cut off
///   q2_k …q6_k  scales of least weighted squared error (scale_search.hpp)
///   tq1_0 …i2_s scale of least squared error; i2_s of the row, and nobody learns which: for whole
///               tensors there is quantize_matrix
/// The quants of q8_0 to q5_1 are chosen with the scale before it is rounded to half precision.
///
/// Scales that halves hold badly: beyond 65504 they become 65504, and greater values become the
/// greatest that the block can then hold; below 2^-18 (k-quants: 2^-14) they are rounded away from
/// 0, to 2^-24 at least, and the quants are chosen with what is stored. So nothing becomes
/// infinite, and what is too small becomes 0.
void quantize_row(Format format, std::span<const float> values, std::byte* row);

/// The same for a whole matrix, with the scale that i2_s keeps behind it. values: [rows, columns];
/// bytes: exactly bytes_per_matrix(). Returns how the result is read.
TensorView quantize_matrix(Format format, std::span<const float> values, std::size_t rows,
                           std::size_t columns, std::span<std::byte> bytes);

}  // namespace squall::kernels
