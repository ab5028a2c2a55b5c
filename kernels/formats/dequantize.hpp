#pragma once
// What the bytes of each format mean: a row of weights as floats.

#include <cstddef>
#include <span>

#include "kernels/formats/block_formats.hpp"

namespace squall::kernels {

/// `row`: bytes_per_row(format, values.size()) bytes at any alignment.
void dequantize_row(Format format, const std::byte* row, std::span<float> values);

}  // namespace squall::kernels
