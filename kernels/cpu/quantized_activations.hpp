#pragma once
// A row of activations as the integer dot products want it: blocks of 32 signed bytes.
//
//   | quants: columns x int8 | scales: columns/32 x float | sums: columns/32 x int32 |
//
// value[i] is close to scales[i / 32] * quants[i], |quants[i]| <= 127, and sums[k] is the sum of
// block k's quants: a format that stores its weights with an offset subtracts offset * sum. The
// whole is padded to 64 bytes, so that the rows of a batch stay aligned.

#include <cstddef>
#include <cstdint>

namespace squall::kernels {

constexpr std::size_t activations_per_block = 32;

struct QuantizedActivations {
  const std::int8_t* quants;
  const float* scales;
  const std::int32_t* sums;
};

inline std::size_t quantized_activation_bytes(std::size_t columns) {
  const std::size_t blocks = columns / activations_per_block;
  const std::size_t bytes = columns + blocks * (sizeof(float) + sizeof(std::int32_t));
  return (bytes + 63) / 64 * 64;
}

/// `row` is aligned to 64 bytes; `columns` is a multiple of 32.
inline QuantizedActivations quantized_activations(const std::byte* row, std::size_t columns) {
  const std::byte* scales = row + columns;
  const std::byte* sums = scales + columns / activations_per_block * sizeof(float);
  return {.quants = reinterpret_cast<const std::int8_t*>(row),
          .scales = reinterpret_cast<const float*>(scales),
          .sums = reinterpret_cast<const std::int32_t*>(sums)};
}

}  // namespace squall::kernels
