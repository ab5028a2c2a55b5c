#pragma once
// A matrix of weights as it lies in memory. Owns nothing.

#include <cstddef>

#include "kernels/formats/block_formats.hpp"

namespace squall::kernels {

/// rows x columns, row-major; each row is a whole number of the format's blocks.
struct TensorView {
  Format format = Format::f32;
  std::size_t rows = 0;
  std::size_t columns = 0;  // values a row, a multiple of values_per_block(format)
  const std::byte* data = nullptr;
  float scale = 1.0F;  // of every value: i2_s and bitnet's files keep one outside the rows
};

}  // namespace squall::kernels
