#pragma once
// Activations as the kernels want them, in the scratch of multiply().
//
// For up to 8 rows of input (most_rows_of_decode), U units of 32 columns each:
//   | coarse: [batch][U][32] int8 | fine: [batch][U][32] int8 | facts: [batch][U] | floats |
//   activation = scale * (coarse + fine / 254): coarse alone is the nearest of 255 steps, both are
//   the nearest of 64516. Weights of 8 bits use both, those of fewer bits the first.
//   floats: [batch][32 U] f32, padded with zeros: for weights that are floats
// For more rows:
//   | halves: [batch][32 U] f16 | factors: [batch] f32 |
//   activation = half * factor, a power of two that brings a row's greatest below 2^15.
//
// A row that holds what is no finite number makes all its results no numbers.

#include <cstddef>
#include <cstdint>

#include "kernels/hip/kernel_launches.hpp"

namespace squall::kernels::hip {

constexpr std::size_t most_rows_of_decode = 8;
constexpr int fine_steps = 254;

struct UnitFacts {
  float scale;
  std::int16_t sums[2];  // of the coarse values 0 to 15 and 16 to 31
};

struct DecodeInput {
  const std::int8_t* coarse;
  const std::int8_t* fine;
  const UnitFacts* facts;
  const float* floats;
};

struct TileInput {
  const std::uint16_t* halves;
  const float* factors;
};

struct InputSize {
  std::size_t batch;
  std::size_t columns;
};

/// integers, floats: which forms are wanted. Floats are taken as they are where they can be.
struct DecodeForms {
  bool integers = false;
  bool floats = false;
};
DecodeInput prepare_for_decode(const Queue& queue, const float* input, InputSize size,
                               DecodeForms forms, std::byte* scratch);
TileInput prepare_for_tiles(const Queue& queue, const float* input, InputSize size,
                            std::byte* scratch);

}  // namespace squall::kernels::hip
