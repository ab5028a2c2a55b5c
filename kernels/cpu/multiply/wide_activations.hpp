#pragma once
// A row of activations as 16-bit integers: products with 8-bit weights then cost what those of
// 8-bit activations cost, and lose next to nothing.
//
//   | quants: columns x int16 | scales: columns/32 x float |
//
// value[i] is close to scales[i / 32] * quant of i, |quant| <= 32767. Of every four values the
// order is 0, 2, 1, 3: as the bytes of a 32-bit word of weights come apart into 16 bits. 32
// products with 8 bits stay below 32 * 127 * 32767, within 32 bits. The whole is padded to 64
// bytes, so that the rows of a batch stay aligned.

#include <cstddef>
#include <cstdint>
#include <span>

namespace squall::kernels {

constexpr std::size_t wide_activations_per_block = 32;

struct WideActivations {
  const std::int16_t* quants;
  const float* scales;
};

inline std::size_t wide_activation_bytes(std::size_t columns) {
  const std::size_t blocks = columns / wide_activations_per_block;
  return (columns * sizeof(std::int16_t) + blocks * sizeof(float) + 63) / 64 * 64;
}

/// `row` is aligned to 64 bytes; `columns` is a multiple of 32.
inline WideActivations wide_activations(const std::byte* row, std::size_t columns) {
  return {.quants = reinterpret_cast<const std::int16_t*>(row),
          .scales = reinterpret_cast<const float*>(row + columns * sizeof(std::int16_t))};
}

namespace avx2 {

/// `values` are a multiple of 32; `quantized` is aligned to 64 bytes.
void quantize_wide_activations(std::span<const float> values, std::byte* quantized);

}  // namespace avx2

}  // namespace squall::kernels
