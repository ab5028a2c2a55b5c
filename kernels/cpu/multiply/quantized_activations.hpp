#pragma once
// A row of activations as the integer dot products want it: blocks of 32 signed bytes.
//
//   | quants: columns x int8 | scales: columns/32 x float | sums: columns/32 x int32 |
//   | scaled sums: columns/32 x float | pair sums: columns/16 x 2 x int16 |
//
// value[i] is close to scales[i / 32] * quants[i], |quants[i]| <= 127, and sums[k] is the sum of
// block k's quants: a format that stores its weights with an offset subtracts offset * sum. Formats
// with a least value multiply it by scaled_sums[k] = scales[k] * sums[k]. Formats whose groups have
// 16 values find their sums in pair_sums[g]: apart for values 0, 1 and 2, 3 of every four, as
// 16-bit products come in pairs. The whole is padded to 64 bytes, so that the rows of a batch stay
// aligned.

#include <cstddef>
#include <cstdint>

namespace squall::kernels {

constexpr std::size_t activations_per_block = 32;

struct PairSums {
  std::int16_t first;   // of values 4i and 4i + 1
  std::int16_t second;  // of values 4i + 2 and 4i + 3
};

struct QuantizedActivations {
  const std::int8_t* quants;
  const float* scales;
  const std::int32_t* sums;
  const float* scaled_sums;
  const PairSums* pair_sums;
};

inline std::size_t quantized_activation_bytes(std::size_t columns) {
  const std::size_t blocks = columns / activations_per_block;
  const std::size_t bytes =
      columns + blocks * (2 * sizeof(float) + sizeof(std::int32_t) + 2 * sizeof(PairSums));
  return (bytes + 63) / 64 * 64;
}

/// `row` is aligned to 64 bytes; `columns` is a multiple of 32.
inline QuantizedActivations quantized_activations(const std::byte* row, std::size_t columns) {
  const std::size_t blocks = columns / activations_per_block;
  const std::byte* scales = row + columns;
  const std::byte* sums = scales + blocks * sizeof(float);
  const std::byte* scaled_sums = sums + blocks * sizeof(std::int32_t);
  const std::byte* pair_sums = scaled_sums + blocks * sizeof(float);
  return {.quants = reinterpret_cast<const std::int8_t*>(row),
          .scales = reinterpret_cast<const float*>(scales),
          .sums = reinterpret_cast<const std::int32_t*>(sums),
          .scaled_sums = reinterpret_cast<const float*>(scaled_sums),
          .pair_sums = reinterpret_cast<const PairSums*>(pair_sums)};
}

}  // namespace squall::kernels
