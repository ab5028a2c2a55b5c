#pragma once
// What the bytes of each format mean: a row of weights as floats.

#include <cstddef>
#include <span>

#include "kernels/formats/block_formats.hpp"
#include "kernels/tensor_view.hpp"

namespace squall::kernels {

/// `row`: bytes_per_row(format, values.size()) bytes at any alignment. Of i2_s -1, 0 and 1: what
/// the scale of the whole tensor multiplies.
void dequantize_row(Format format, const std::byte* row, std::span<float> values);

/// Row `row` of a matrix, its scale included. values: [tensor.columns]
void dequantize_row(const TensorView& tensor, std::size_t row, std::span<float> values);

}  // namespace squall::kernels
