#pragma once
// On the device: a thread's unit, or half of one, of packed weights in registers, and what its
// words mean. Everything is indexed by constants once loops are unrolled, so nothing spills.

#include <cmath>

#include "kernels/hip/gpu_runtime.hpp"
#include "kernels/hip/multiply/packed_weights.hpp"

namespace squall::kernels::hip {

/// As group_scale() of unit_formats.hpp.
__device__ __forceinline__ GroupScale device_group_scale(ScaleCode kind, std::uint32_t unit,
                                                         std::uint32_t block, unsigned group) {
  const std::uint32_t halves = halves_of_scale(kind, unit, block);
  return group_scale(kind, hip::half_to_float(static_cast<std::uint16_t>(halves & 0xFFFFU)),
                     hip::half_to_float(static_cast<std::uint16_t>(halves >> 16)), unit, group);
}

struct alignas(8) Word2 {
  std::uint32_t words[2];
};

/// A unit (halves = 2) or half of one of a row.
template <Format format, unsigned halves>
struct UnitPart {
  static constexpr UnitShape shape = shape_of(format);
  static constexpr unsigned wide_count = wide_words(shape) * 2 * halves;

  std::uint32_t wide[wide_count > 0 ? wide_count : 1];
  std::uint32_t pairs[halves];
  std::uint32_t bits;
  std::uint32_t unit_code;
  std::uint32_t block_code;

  /// Values 4s to 4s + 3 of the part as bytes, their offset not yet taken away.
  __device__ __forceinline__ std::uint32_t four(unsigned s) const {
    if constexpr (shape.bits == 8) return wide[s];
    std::uint32_t four = 0;
    unsigned bits_below = 0;
    if constexpr (shape.bits >= 4) {
      four = (wide[s / 2] >> (s % 2 * 4)) & 0x0F0F0F0FU;
      bits_below = 4;
    }
    if constexpr (has_pairs(shape)) {
      four |= ((pairs[s / 4] >> (s % 4 * 2)) & 0x03030303U) << bits_below;
      bits_below += 2;
    }
    if constexpr (has_bits(shape)) four |= ((bits >> s) & 0x01010101U) << bits_below;
    return four;
  }

  /// Value i of a part of floats.
  __device__ __forceinline__ float float_at(unsigned i) const {
    if constexpr (shape.bits == 32) return __builtin_bit_cast(float, wide[i]);
    const auto half = static_cast<std::uint16_t>(wide[i / 2] >> (i % 2 * 16));
    return format == Format::f16 ? hip::half_to_float(half) : bfloat16_to_float(half);
  }

  __device__ __forceinline__ GroupScale group(unsigned g) const {
    return device_group_scale(shape.code, unit_code, block_code, g);
  }
};

/// Words of 16 bytes, all of which are of use to nobody else when `once`.
template <bool once>
__device__ __forceinline__ Word4 load_wide(const std::byte* from) {
  if constexpr (once) return load_word4_once(from);
  return load_word4(from);
}

template <unsigned bytes>
__device__ __forceinline__ std::uint32_t load_code(const std::byte* from, unsigned index) {
  if constexpr (bytes == 2) return reinterpret_cast<const std::uint16_t*>(from)[index];
  if constexpr (bytes == 4) return reinterpret_cast<const std::uint32_t*>(from)[index];
  return 0;
}

/// half: which, of a half part. place: unit * rows_per_pack + row
template <Format format, unsigned halves, bool once>
__device__ __forceinline__ UnitPart<format, halves> load_part(const std::byte* pack,
                                                              const PackLayout& layout,
                                                              unsigned unit, unsigned row,
                                                              unsigned half) {
  constexpr UnitShape shape = shape_of(format);
  constexpr unsigned words = wide_words(shape);
  const unsigned place = unit * rows_per_pack + row;
  UnitPart<format, halves> part;
  part.bits = 0;
  if constexpr (words == 1 && halves == 1) {
    const auto two =
        *reinterpret_cast<const Word2*>(pack + layout.wide + std::size_t{place} * 16 + half * 8);
    part.wide[0] = two.words[0];
    part.wide[1] = two.words[1];
  } else if constexpr (words > 0) {
    constexpr unsigned count = words * halves / 2;
    const std::byte* from = pack + layout.wide +
                            ((std::size_t{unit} * words + half * count) * rows_per_pack + row) * 16;
    GPU_UNROLL
    for (unsigned word = 0; word < count; ++word) {
      const Word4 four = load_wide<once>(from + word * rows_per_pack * 16);
      GPU_UNROLL
      for (unsigned i = 0; i < 4; ++i) part.wide[word * 4 + i] = four.words[i];
    }
  }
  if constexpr (has_pairs(shape) && halves == 2) {
    const auto two = *reinterpret_cast<const Word2*>(pack + layout.pairs + std::size_t{place} * 8);
    part.pairs[0] = two.words[0];
    part.pairs[1] = two.words[1];
  } else if constexpr (has_pairs(shape)) {
    part.pairs[0] =
        *reinterpret_cast<const std::uint32_t*>(pack + layout.pairs + place * 8 + half * 4);
  }
  if constexpr (has_bits(shape)) {
    part.bits = load_code<4>(pack + layout.bits, place) >> (half * 4);
  }
  part.unit_code = load_code<unit_code_bytes(shape)>(pack + layout.unit_codes, place);
  part.block_code = load_code<block_code_bytes(shape)>(
      pack + layout.block_codes, unit / shape.units_of_block * rows_per_pack + row);
  return part;
}

}  // namespace squall::kernels::hip
