#pragma once
// Every quantized format as units of 32 values: how many bits a value has, how its scales are said,
// and how both are read out of a block. What packing, embedding and the kernels share.
//
//   value = scale of its group * (quant - offset) + least of its group
//
// A unit has one group, or two of 16 values. Its scales are said by two words: the unit's own code
// and that of its block, which several units share. The pictures of blocks are in
// block_formats.hpp.

#include <cstdint>

#include "kernels/formats/block_formats.hpp"

#if defined(__HIP__)
// By the names that the compiler itself knows: the host's files include no header of HIP.
#define GPU_BOTH_SIDES __attribute__((host)) __attribute__((device))
#elif defined(__CUDACC__)
#define GPU_BOTH_SIDES __host__ __device__
#else
#define GPU_BOTH_SIDES
#endif

namespace squall::kernels::hip {

constexpr unsigned values_per_unit = 32;

/// What the two codes hold, from their lowest bits on.
enum class ScaleCode : std::uint8_t {
  none,            // i2_s: all scales are 1
  half,            // unit: scale f16
  half_and_least,  // unit: scale f16, least f16
  shared_half,     // block: scale f16
  six_bits,        // unit: s, m of 8 bits; block: d f16, l f16; scale = d s, least = -l m
  nibbles,         // unit: for each group s, m of 4 bits; block as above
  signed_bytes     // unit: for each group s, an int8; block: d f16; scale = d s
};

struct UnitShape {
  unsigned bits = 0;  // of a quant: 2 to 6 unsigned; 8 signed; 16 and 32: floats
  int offset = 0;
  unsigned groups = 1;
  ScaleCode code = ScaleCode::none;
  unsigned units_of_block = 1;
};

GPU_BOTH_SIDES constexpr UnitShape shape_of(Format format) {
  switch (format) {
    case Format::f32:
      return {32, 0, 1, ScaleCode::none, 1};
    case Format::f16:
    case Format::bf16:
      return {16, 0, 1, ScaleCode::none, 1};
    case Format::q8_0:
      return {8, 0, 1, ScaleCode::half, 1};
    case Format::q4_0:
      return {4, 8, 1, ScaleCode::half, 1};
    case Format::q4_1:
      return {4, 0, 1, ScaleCode::half_and_least, 1};
    case Format::q5_0:
      return {5, 16, 1, ScaleCode::half, 1};
    case Format::q5_1:
      return {5, 0, 1, ScaleCode::half_and_least, 1};
    case Format::q2_k:
      return {2, 0, 2, ScaleCode::nibbles, 8};
    case Format::q3_k:
      return {3, 4, 2, ScaleCode::signed_bytes, 8};
    case Format::q4_k:
      return {4, 0, 1, ScaleCode::six_bits, 8};
    case Format::q5_k:
      return {5, 0, 1, ScaleCode::six_bits, 8};
    case Format::q6_k:
      return {6, 32, 2, ScaleCode::signed_bytes, 8};
    case Format::tq1_0:  // its digits take two bits once they are packed
    case Format::tq2_0:
      return {2, 1, 1, ScaleCode::shared_half, 8};
    case Format::i2_s:
      return {2, 1, 1, ScaleCode::none, 4};
  }
  return {};
}

GPU_BOTH_SIDES constexpr bool has_least(UnitShape shape) {
  return shape.code == ScaleCode::half_and_least || shape.code == ScaleCode::six_bits ||
         shape.code == ScaleCode::nibbles;
}

// Quants -----------------------------------------------------------------------------------------

namespace bits {
GPU_BOTH_SIDES inline int nibble_16_apart(const std::uint8_t* nibbles, unsigned i) {
  return (nibbles[i % 16] >> (i / 16 * 4)) & 15;
}
GPU_BOTH_SIDES inline int nibble_32_apart(const std::uint8_t* nibbles, unsigned i) {
  return (nibbles[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4)) & 15;
}
GPU_BOTH_SIDES inline int pair_32_apart(const std::uint8_t* pairs, unsigned i) {
  return (pairs[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3;
}
/// Bit i of a number of 32 bits, its lowest byte first.
GPU_BOTH_SIDES inline int bit(const std::uint8_t* bytes, unsigned i) {
  return (bytes[i / 8] >> (i % 8)) & 1;
}
/// Bit i / 32 of byte i % 32.
GPU_BOTH_SIDES inline int bit_32_apart(const std::uint8_t* bytes, unsigned i) {
  return (bytes[i % 32] >> (i / 32)) & 1;
}
/// Digit n, 0 to 2, of a byte that holds a fraction in base 3.
GPU_BOTH_SIDES inline int ternary_digit(std::uint8_t byte, unsigned n) {
  unsigned rest = byte;
  for (; n > 0; --n) rest = rest * 3 & 255U;
  return static_cast<int>(rest * 3 >> 8);
}
GPU_BOTH_SIDES inline std::uint32_t two_bytes(int first, int second) {
  return (static_cast<std::uint32_t>(first) & 255U) | (static_cast<std::uint32_t>(second) & 255U)
                                                          << 8;
}
GPU_BOTH_SIDES inline std::uint32_t two_halves(std::uint16_t first, std::uint16_t second) {
  return static_cast<std::uint32_t>(first) | static_cast<std::uint32_t>(second) << 16;
}
}  // namespace bits

// Value i of a block, before its offset is taken away.
GPU_BOTH_SIDES inline int quant(const BlockQ8_0& block, unsigned i) { return block.quants[i]; }
GPU_BOTH_SIDES inline int quant(const BlockQ4_0& block, unsigned i) {
  return bits::nibble_16_apart(block.nibbles, i);
}
GPU_BOTH_SIDES inline int quant(const BlockQ4_1& block, unsigned i) {
  return bits::nibble_16_apart(block.nibbles, i);
}
GPU_BOTH_SIDES inline int quant(const BlockQ5_0& block, unsigned i) {
  return bits::nibble_16_apart(block.nibbles, i) | bits::bit(block.high_bits, i) << 4;
}
GPU_BOTH_SIDES inline int quant(const BlockQ5_1& block, unsigned i) {
  return bits::nibble_16_apart(block.nibbles, i) | bits::bit(block.high_bits, i) << 4;
}
GPU_BOTH_SIDES inline int quant(const BlockQ2_K& block, unsigned i) {
  return bits::pair_32_apart(block.quants, i);
}
GPU_BOTH_SIDES inline int quant(const BlockQ3_K& block, unsigned i) {
  return bits::pair_32_apart(block.quants, i) | bits::bit_32_apart(block.high_bits, i) << 2;
}
GPU_BOTH_SIDES inline int quant(const BlockQ4_K& block, unsigned i) {
  return bits::nibble_32_apart(block.nibbles, i);
}
GPU_BOTH_SIDES inline int quant(const BlockQ5_K& block, unsigned i) {
  return bits::nibble_32_apart(block.nibbles, i) | bits::bit_32_apart(block.high_bits, i) << 4;
}
GPU_BOTH_SIDES inline int quant(const BlockQ6_K& block, unsigned i) {
  const unsigned half = i / 128;
  const unsigned quarter = i % 128 / 32;
  const int low = (block.low[half * 64 + quarter % 2 * 32 + i % 32] >> (quarter / 2 * 4)) & 15;
  return low | ((block.high[half * 32 + i % 32] >> (quarter * 2)) & 3) << 4;
}
GPU_BOTH_SIDES inline int quant(const BlockTQ1_0& block, unsigned i) {
  if (i < 160) return bits::ternary_digit(block.digits[i % 32], i / 32);
  if (i < 240) return bits::ternary_digit(block.digits[32 + i % 16], (i - 160) / 16);
  return bits::ternary_digit(block.last_digits[i % 4], (i - 240) / 4);
}
GPU_BOTH_SIDES inline int quant(const BlockTQ2_0& block, unsigned i) {
  return bits::pair_32_apart(block.quants, i);
}
GPU_BOTH_SIDES inline int quant(const BlockI2_S& block, unsigned i) {
  return (block.quants[i % 32] >> (6 - i / 32 * 2)) & 3;
}

// Codes of scales --------------------------------------------------------------------------------

/// Of q4_k and q5_k: s and m of a group.
GPU_BOTH_SIDES inline std::uint32_t six_bit_code(const std::uint8_t* scales, unsigned group) {
  if (group < 4) return bits::two_bytes(scales[group] & 63, scales[group + 4] & 63);
  const int last = scales[group + 4];
  return bits::two_bytes((last & 15) | (scales[group - 4] >> 6) << 4,
                         (last >> 4) | (scales[group] >> 6) << 4);
}
/// Of q3_k: s of one of 16 groups.
GPU_BOTH_SIDES inline int signed_six_bits(const std::uint8_t* scales, unsigned group) {
  const int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
  return (low | ((scales[8 + group % 4] >> (2 * (group / 4))) & 3) << 4) - 32;
}

template <class Block>
GPU_BOTH_SIDES std::uint32_t unit_code(const Block& block, unsigned unit) {
  if constexpr (requires { block.scales; }) {
    if constexpr (sizeof(Block) == sizeof(BlockQ2_K)) {
      return bits::two_bytes(block.scales[2 * unit], block.scales[2 * unit + 1]);
    } else if constexpr (sizeof(Block) == sizeof(BlockQ3_K)) {
      return bits::two_bytes(signed_six_bits(block.scales, 2 * unit),
                             signed_six_bits(block.scales, 2 * unit + 1));
    } else if constexpr (sizeof(Block) == sizeof(BlockQ6_K)) {
      return bits::two_bytes(block.scales[2 * unit], block.scales[2 * unit + 1]);
    } else {
      return six_bit_code(block.scales, unit);
    }
  } else if constexpr (requires { block.least; }) {
    return bits::two_halves(block.scale, block.least);
  } else if constexpr (requires { block.scale; }) {
    return block.scale;  // nobody asks where the block's code has it
  } else {
    return 0;
  }
}

template <class Block>
GPU_BOTH_SIDES std::uint32_t block_code(const Block& block) {
  if constexpr (requires { block.least; }) {
    return bits::two_halves(block.scale, block.least);
  } else if constexpr (requires { block.scale; }) {
    return block.scale;
  } else {
    return 0;
  }
}

// Scales -----------------------------------------------------------------------------------------

struct GroupScale {
  float scale = 1.0F;
  float least = 0.0F;
};

/// The one or two halves that a unit's scales are made of: in its own code or in its block's.
GPU_BOTH_SIDES inline std::uint32_t halves_of_scale(ScaleCode kind, std::uint32_t unit,
                                                    std::uint32_t block) {
  return kind == ScaleCode::half || kind == ScaleCode::half_and_least ? unit : block;
}

/// Of group `group` of a unit. first, second: halves_of_scale() as floats, the lower bits first
GPU_BOTH_SIDES inline GroupScale group_scale(ScaleCode kind, float first, float second,
                                             std::uint32_t unit, unsigned group) {
  const std::uint32_t byte = (unit >> (8 * group)) & 255U;
  switch (kind) {
    case ScaleCode::none:
      return {1.0F, 0.0F};
    case ScaleCode::half:
    case ScaleCode::shared_half:
      return {first, 0.0F};
    case ScaleCode::half_and_least:
      return {first, second};
    case ScaleCode::six_bits:
      return {first * static_cast<float>(unit & 255U),
              -second * static_cast<float>((unit >> 8) & 255U)};
    case ScaleCode::nibbles:
      return {first * static_cast<float>(byte & 15U), -second * static_cast<float>(byte >> 4)};
    case ScaleCode::signed_bytes:
      return {first * static_cast<float>(static_cast<std::int8_t>(static_cast<std::uint8_t>(byte))),
              0.0F};
  }
  return {};
}

// Blocks -----------------------------------------------------------------------------------------

template <Format format>
struct BlockOf;
template <>
struct BlockOf<Format::q8_0> {
  using Type = BlockQ8_0;
};
template <>
struct BlockOf<Format::q4_0> {
  using Type = BlockQ4_0;
};
template <>
struct BlockOf<Format::q4_1> {
  using Type = BlockQ4_1;
};
template <>
struct BlockOf<Format::q5_0> {
  using Type = BlockQ5_0;
};
template <>
struct BlockOf<Format::q5_1> {
  using Type = BlockQ5_1;
};
template <>
struct BlockOf<Format::q2_k> {
  using Type = BlockQ2_K;
};
template <>
struct BlockOf<Format::q3_k> {
  using Type = BlockQ3_K;
};
template <>
struct BlockOf<Format::q4_k> {
  using Type = BlockQ4_K;
};
template <>
struct BlockOf<Format::q5_k> {
  using Type = BlockQ5_K;
};
template <>
struct BlockOf<Format::q6_k> {
  using Type = BlockQ6_K;
};
template <>
struct BlockOf<Format::tq1_0> {
  using Type = BlockTQ1_0;
};
template <>
struct BlockOf<Format::tq2_0> {
  using Type = BlockTQ2_0;
};
template <>
struct BlockOf<Format::i2_s> {
  using Type = BlockI2_S;
};

}  // namespace squall::kernels::hip
