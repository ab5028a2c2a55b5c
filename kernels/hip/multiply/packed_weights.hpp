#pragma once
// How weights lie on the device: 16 rows side by side, so that the threads of a wave, 16 rows times
// two or four units, load consecutive words of 16 bytes, and each thread needs the activations of
// its unit only, which 16 threads share.
//
// A pack is 16 rows (rows beyond the matrix's end are zeros) of U units of 32 columns, in planes:
//
//   | factors: 16 x f32 | codes of blocks | codes of units | bits | pairs | wide |
//
// Each plane goes unit by unit (codes of blocks: block by block), in a unit row by row:
//   factors      2^e: row r times it stays below 2^15 (how tiles of halves hold every row)
//   codes        of scales, 0, 2 or 4 bytes a row (unit_formats.hpp)
//   bits         4 bytes a row:  bit 8j + s is bit 4 (of 3-bit quants: 2) of value 4s + j
//   pairs        8 bytes a row:  word h, bits 8j + 2s: two bits of value 16h + 4s + j; the low ones
//                                of quants of 2 and 3 bits, the high ones of quants of 6
//   wide         words of 16 bytes, word by word in a unit, then row by row:
//     4, 5, 6 bits  one:   byte 4k + j = value 8k + 4 + j << 4 | value 8k + j (low nibbles)
//     8 bits        two:   bytes in their order; f16, bf16: four; f32: eight, likewise
//
// So the four values 4s to 4s + 3 of a unit always come out of a word by one shift and one mask, as
// four bytes that a dot product of four wants. Columns of floats are padded with zeros to whole
// units. tq1_0 is packed as tq2_0.

#include <cstddef>
#include <cstdint>

#include "kernels/hip/kernel_launches.hpp"
#include "kernels/hip/multiply/unit_formats.hpp"

namespace squall::kernels::hip {

/// What a format is once it is packed.
constexpr Format packed_as(Format format) {
  return format == Format::tq1_0 ? Format::tq2_0 : format;
}

GPU_BOTH_SIDES constexpr bool is_float(UnitShape shape) { return shape.bits > 8; }
/// Words of 16 bytes in a unit of a row.
GPU_BOTH_SIDES constexpr unsigned wide_words(UnitShape shape) {
  if (shape.bits >= 8) return shape.bits / 4;
  return shape.bits >= 4 ? 1 : 0;
}
GPU_BOTH_SIDES constexpr bool has_pairs(UnitShape shape) {
  return shape.bits == 2 || shape.bits == 3 || shape.bits == 6;
}
GPU_BOTH_SIDES constexpr bool has_bits(UnitShape shape) {
  return shape.bits == 3 || shape.bits == 5;
}
GPU_BOTH_SIDES constexpr unsigned unit_code_bytes(UnitShape shape) {
  if (shape.code == ScaleCode::none || shape.code == ScaleCode::shared_half) return 0;
  return shape.code == ScaleCode::half_and_least ? 4 : 2;
}
GPU_BOTH_SIDES constexpr unsigned block_code_bytes(UnitShape shape) {
  switch (shape.code) {
    case ScaleCode::shared_half:
    case ScaleCode::signed_bytes:
      return 2;
    case ScaleCode::six_bits:
    case ScaleCode::nibbles:
      return 4;
    default:
      return 0;
  }
}

/// Where the planes of a pack begin, in bytes.
struct PackLayout {
  std::uint32_t block_codes;
  std::uint32_t unit_codes;
  std::uint32_t bits;
  std::uint32_t pairs;
  std::uint32_t wide;
  std::uint32_t bytes;  // of the pack: a multiple of 32
};

GPU_BOTH_SIDES constexpr std::uint32_t units_of(std::uint32_t columns) {
  return (columns + values_per_unit - 1) / values_per_unit;
}

GPU_BOTH_SIDES constexpr PackLayout layout_of(UnitShape shape, std::uint32_t units) {
  const std::uint32_t unit_rows = units * rows_per_pack;
  PackLayout layout{};
  layout.block_codes = rows_per_pack * 4;
  layout.unit_codes =
      layout.block_codes + unit_rows / shape.units_of_block * block_code_bytes(shape);
  layout.bits = layout.unit_codes + unit_rows * unit_code_bytes(shape);
  layout.pairs = layout.bits + (has_bits(shape) ? unit_rows * 4 : 0);
  layout.wide = layout.pairs + (has_pairs(shape) ? unit_rows * 8 : 0);
  layout.bytes = layout.wide + unit_rows * wide_words(shape) * 16;
  return layout;
}

}  // namespace squall::kernels::hip
