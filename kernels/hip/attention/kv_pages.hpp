#pragma once
// Where in a page of a GPU the keys and values of 32 positions lie, and how its kernels read them.
//
// A page has one section a head. Everything is made of chunks of 16 bytes, the most that a thread
// loads at once: 4 floats, 8 halves or 16 bytes. Whoever computes scores gives each thread a
// position, so a chunk of keys is one position's, and those of 32 positions lie side by side;
// whoever weighs values gives each thread a dimension, so a chunk of values is one dimension's, and
// those of all dimensions lie side by side. Either way neighbouring threads load neighbouring
// chunks.
//
// clang-format off
//   keys (halves):    | p0: d0…d7 | p1: d0…d7 | … p31 | p0: d8…d15 | …  the last end in zeros
//     their scales:   | b0: p0 p1 … p31 | b1: p0 … p31 | …
//   values (halves):  | d0: p0…p7 | d1: p0…p7 | … | d0: p8…p15 | …
//     their scales:   | b0: p0 p1 … p31 | b1: p0 … p31 | …
// clang-format on
//
// Scales are q8_0's: a float for each position and block b of up to 32 dimensions. Its elements are
// kept as bytes 128 too great, which become floats in fewer steps than signed ones.

#include <cstddef>
#include <cstdint>

#include "kernels/backend.hpp"
#include "kernels/hip/exact_arithmetic.hpp"

namespace squall::kernels::hip {

constexpr unsigned page_positions = positions_per_page;
constexpr unsigned chunk_bytes = 16;
constexpr unsigned dimensions_of_a_scale = 32;

template <KvFormat format>
constexpr unsigned chunk_length = format == KvFormat::f32   ? 4
                                  : format == KvFormat::f16 ? 8
                                                            : 16;

/// Made by the host; kernels get it by value.
struct KvPages {
  explicit KvPages(const KvShape& shape);

  std::uint32_t dimension;
  // In bytes from the start of a head's section, where its keys are.
  std::uint32_t key_scales;
  std::uint32_t values;
  std::uint32_t value_scales;
  std::uint32_t head_bytes;
};

// Below, `section` is where a head's section of a page starts, and `position` one of its 32.

__device__ inline Word4 load_key_chunk(const std::byte* section, unsigned chunk,
                                       unsigned position) {
  return load_word4(section + (chunk * page_positions + position) * chunk_bytes);
}

/// Of positions chunk * chunk_length and on.
__device__ inline Word4 load_value_chunk(const KvPages& pages, const std::byte* section,
                                         unsigned chunk, unsigned dimension) {
  return load_word4(section + pages.values + (chunk * pages.dimension + dimension) * chunk_bytes);
}

/// The scale of a block of dimensions, of 32 positions.
__device__ inline const float* key_scales(const KvPages& pages, const std::byte* section,
                                          unsigned dimension) {
  return reinterpret_cast<const float*>(section + pages.key_scales) +
         dimension / dimensions_of_a_scale * page_positions;
}
__device__ inline const float* value_scales(const KvPages& pages, const std::byte* section,
                                            unsigned dimension) {
  return reinterpret_cast<const float*>(section + pages.value_scales) +
         dimension / dimensions_of_a_scale * page_positions;
}

// A chunk's elements are taken four at a time, so that few of them wait in registers.

/// Elements 4 i to 4 i + 3 of a chunk, scales not yet applied.
template <KvFormat format>
__device__ inline void expand_four(const Word4& chunk, unsigned i, float* four) {
  GPU_UNROLL
  for (unsigned j = 0; j < 4; ++j) {
    if constexpr (format == KvFormat::f32) {
      four[j] = float_of(chunk.words[j]);
    } else if constexpr (format == KvFormat::f16) {
      const std::uint32_t word = chunk.words[2 * i + j / 2];
      four[j] = half_to_float(static_cast<std::uint16_t>(word >> (16 * (j % 2))));
    } else {
      const std::uint32_t byte = (chunk.words[i] >> (8 * j)) & 0xFFU;
      // 2^23 and the byte: exact, and cheaper than a conversion.
      four[j] = float_of(0x4B000000U | byte) - 8388736.0F;
    }
  }
}

/// scale: of the position and these dimensions
template <KvFormat format>
__device__ inline void expand_keys(const Word4& chunk, unsigned i, float scale, float* four) {
  expand_four<format>(chunk, i, four);
  if constexpr (format == KvFormat::q8_0) {
    GPU_UNROLL
    for (unsigned j = 0; j < 4; ++j) four[j] *= scale;
  }
}

/// Of a position and the dimensions around one; of no use to formats without scales.
template <KvFormat format>
__device__ inline float key_scale(const KvPages& pages, const std::byte* section,
                                  unsigned dimension, unsigned position) {
  if constexpr (format == KvFormat::q8_0) return key_scales(pages, section, dimension)[position];
  return 1.0F;
}

/// position: of the first of the four
template <KvFormat format>
__device__ inline void expand_values(const KvPages& pages, const std::byte* section,
                                     const Word4& chunk, unsigned i, unsigned position,
                                     unsigned dimension, float* four) {
  expand_four<format>(chunk, i, four);
  if constexpr (format == KvFormat::q8_0) {
    const Float4 scales =
        *reinterpret_cast<const Float4*>(value_scales(pages, section, dimension) + position);
    four[0] *= scales.x;
    four[1] *= scales.y;
    four[2] *= scales.z;
    four[3] *= scales.w;
  }
}

}  // namespace squall::kernels::hip
