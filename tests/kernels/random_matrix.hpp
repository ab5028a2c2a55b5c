#pragma once
// Seeded random numbers and weights for the kernels' tests, at whatever alignment a test wants.

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "kernels/formats/dequantize.hpp"
#include "kernels/formats/quantize.hpp"
#include "kernels/tensor_view.hpp"

namespace squall::kernels {

/// Those without superblocks; random_blocks.hpp has the others.
constexpr Format all_formats[] = {Format::f32,  Format::f16,  Format::bf16, Format::q8_0,
                                  Format::q4_0, Format::q4_1, Format::q5_0, Format::q5_1};

/// In [-1, 1), and now and then 30 times that: real activations have such outliers.
inline std::vector<float> random_floats(std::size_t count, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    value = static_cast<float>(generator()) * 0x1p-31F - 1.0F;
    if (generator() % 64 == 0) value *= 30.0F;
  }
  return values;
}

/// A quantized matrix that starts `misalignment` bytes after a multiple of 16.
class RandomMatrix {
 public:
  RandomMatrix(Format format, std::size_t rows, std::size_t columns, std::uint32_t seed,
               std::size_t misalignment = 0)
      : format_(format), rows_(rows), columns_(columns), misalignment_(misalignment) {
    const std::vector<float> values = random_floats(rows * columns, seed);
    bytes_.resize(misalignment + rows * row_bytes());
    for (std::size_t r = 0; r < rows; ++r) {
      quantize_row(format, std::span(values).subspan(r * columns, columns),
                   bytes_.data() + misalignment + r * row_bytes());
    }
  }

  TensorView view() const {
    return {.format = format_,
            .rows = rows_,
            .columns = columns_,
            .data = bytes_.data() + misalignment_};
  }

  /// What the stored bytes mean.
  std::vector<float> row(std::size_t r) const {
    std::vector<float> values(columns_);
    dequantize_row(format_, view().data + r * row_bytes(), values);
    return values;
  }

 private:
  std::size_t row_bytes() const { return bytes_per_row(format_, columns_); }

  Format format_;
  std::size_t rows_;
  std::size_t columns_;
  std::size_t misalignment_;
  std::vector<std::byte> bytes_;
};

}  // namespace squall::kernels
