#include "kernels/cpu/multiply/k_quants_layout.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/formats/block_formats.hpp"

namespace squall::kernels {
namespace {

/// Copies `count` words of one row to where that row's lane is.
void spread_words(const std::byte* source, std::size_t count, std::byte* lane) {
  for (std::size_t w = 0; w < count; ++w) {
    std::memcpy(lane + w * bytes_of_words, source + w * sizeof(std::uint32_t),
                sizeof(std::uint32_t));
  }
}

/// Where a block of a file has what a packed superblock wants of it.
struct BlockOffsets {
  std::size_t block_bytes;
  std::size_t words;
  std::size_t scale;
  std::size_t least;
};

void pack_superblock(const SuperblockShape& shape, const BlockOffsets& offsets,
                     const std::byte* block, std::byte* halves, std::byte* words) {
  if (shape.halves > 0) std::memcpy(halves, block + offsets.scale, 2);
  if (shape.halves > 1) std::memcpy(halves + rows_of_word * 2, block + offsets.least, 2);
  spread_words(block + offsets.words, shape.words, words);
}

/// Calls pack(row, superblock, halves, words) for the lanes of every superblock of a group.
template <class Pack>
void pack_group(const SuperblockShape& shape, const TensorView& source, std::size_t first_row,
                std::byte* packed, const Pack& pack) {
  std::memset(packed, 0, shape.group_bytes(source.columns));
  const std::size_t row_bytes = bytes_per_row(source.format, source.columns);
  const std::size_t rows = std::min(rows_of_word, source.rows - first_row);
  std::byte* const all_words = packed + shape.bytes_of_halves(source.columns);
  for (std::size_t k = 0; k < shape.superblocks(source.columns); ++k) {
    for (std::size_t r = 0; r < rows; ++r) {
      pack(source.data + (first_row + r) * row_bytes, k,
           packed + (k * shape.halves * rows_of_word + r) * 2,
           all_words + k * shape.words * bytes_of_words + r * sizeof(std::uint32_t));
    }
  }
}

template <const SuperblockShape& shape, const BlockOffsets& offsets>
void pack_k_quants(const TensorView& source, std::size_t first_row, std::byte* packed) {
  pack_group(shape, source, first_row, packed,
             [](const std::byte* row, std::size_t k, std::byte* halves, std::byte* words) {
               pack_superblock(shape, offsets, row + k * offsets.block_bytes, halves, words);
             });
}

/// Digits 0 to 4 of a byte of tq1_0, digit n in bits 2n.
std::uint16_t digits_of(std::uint8_t byte) {
  unsigned rest = byte;
  unsigned digits = 0;
  for (unsigned n = 0; n < 5; ++n) {
    digits |= (rest * 3 >> 8) << (2 * n);
    rest = rest * 3 & 255U;
  }
  return static_cast<std::uint16_t>(digits);
}

struct DigitTable {
  std::uint16_t digits[256];
};

const DigitTable& digit_table() {
  static const DigitTable table = [] {
    DigitTable built;
    for (unsigned byte = 0; byte < 256; ++byte) {
      built.digits[byte] = digits_of(static_cast<std::uint8_t>(byte));
    }
    return built;
  }();
  return table;
}

/// The same values as tq2_0 would have them.
BlockTQ2_0 as_tq2_0(const BlockTQ1_0& block) {
  const DigitTable& table = digit_table();
  std::uint8_t quants[256];
  const auto spread = [&](const std::uint8_t* bytes, std::size_t count, std::size_t digits,
                          std::uint8_t* values) {
    for (std::size_t n = 0; n < digits; ++n) {
      for (std::size_t j = 0; j < count; ++j) {
        values[n * count + j] = static_cast<std::uint8_t>((table.digits[bytes[j]] >> (2 * n)) & 3U);
      }
    }
  };
  spread(block.digits, 32, 5, quants);
  spread(block.digits + 32, 16, 5, quants + 160);
  spread(block.last_digits, 4, 4, quants + 240);
  BlockTQ2_0 result{.quants = {}, .scale = block.scale};
  for (std::size_t j = 0; j < 64; ++j) {
    const std::uint8_t* value = quants + j / 32 * 128 + j % 32;
    result.quants[j] =
        static_cast<std::uint8_t>(value[0] | value[32] << 2 | value[64] << 4 | value[96] << 6);
  }
  return result;
}

constexpr BlockOffsets offsets_of_q2_k{sizeof(BlockQ2_K), 0, offsetof(BlockQ2_K, scale),
                                       offsetof(BlockQ2_K, least)};
constexpr BlockOffsets offsets_of_q3_k{sizeof(BlockQ3_K), 0, offsetof(BlockQ3_K, scale), 0};
constexpr BlockOffsets offsets_of_q4_k{sizeof(BlockQ4_K), offsetof(BlockQ4_K, scales),
                                       offsetof(BlockQ4_K, scale), offsetof(BlockQ4_K, least)};
constexpr BlockOffsets offsets_of_q5_k{sizeof(BlockQ5_K), offsetof(BlockQ5_K, scales),
                                       offsetof(BlockQ5_K, scale), offsetof(BlockQ5_K, least)};
constexpr BlockOffsets offsets_of_q6_k{sizeof(BlockQ6_K), 0, offsetof(BlockQ6_K, scale), 0};
constexpr BlockOffsets offsets_of_tq2_0{sizeof(BlockTQ2_0), 0, offsetof(BlockTQ2_0, scale), 0};

void pack_tq1_0(const TensorView& source, std::size_t first_row, std::byte* packed) {
  pack_group(shape_of_ternary, source, first_row, packed,
             [](const std::byte* row, std::size_t k, std::byte* halves, std::byte* words) {
               BlockTQ1_0 block;
               std::memcpy(&block, row + k * sizeof block, sizeof block);
               const BlockTQ2_0 expanded = as_tq2_0(block);
               pack_superblock(shape_of_ternary, offsets_of_tq2_0,
                               reinterpret_cast<const std::byte*>(&expanded), halves, words);
             });
}

/// i2_s begins at a byte's upper end where tq2_0 begins at its lower one. The last superblock may
/// lack its second block: kernels stop before it.
void pack_i2_s(const TensorView& source, std::size_t first_row, std::byte* packed) {
  const std::size_t blocks = source.columns / values_per_block(Format::i2_s);
  pack_group(shape_of_i2_s, source, first_row, packed,
             [&](const std::byte* row, std::size_t k, std::byte* /*halves*/, std::byte* words) {
               BlockI2_S pair[2] = {};
               const std::size_t present = std::min<std::size_t>(2, blocks - 2 * k);
               std::memcpy(pair, row + 2 * k * sizeof(BlockI2_S), present * sizeof(BlockI2_S));
               for (BlockI2_S& block : pair) {
                 for (std::uint8_t& byte : block.quants) {
                   byte = static_cast<std::uint8_t>(byte << 6 | (byte << 2 & 0x30) |
                                                    (byte >> 2 & 0x0C) | byte >> 6);
                 }
               }
               spread_words(reinterpret_cast<const std::byte*>(pair), shape_of_i2_s.words, words);
             });
}

template <const SuperblockShape& shape>
std::size_t group_bytes(std::size_t columns) {
  return shape.group_bytes(columns);
}

}  // namespace

const PackedLayout packed_q2_k = {rows_of_word, group_bytes<shape_of_q2_k>,
                                  pack_k_quants<shape_of_q2_k, offsets_of_q2_k>};
const PackedLayout packed_q3_k = {rows_of_word, group_bytes<shape_of_q3_k>,
                                  pack_k_quants<shape_of_q3_k, offsets_of_q3_k>};
const PackedLayout packed_q4_k = {rows_of_word, group_bytes<shape_of_q4_k>,
                                  pack_k_quants<shape_of_q4_k, offsets_of_q4_k>};
const PackedLayout packed_q5_k = {rows_of_word, group_bytes<shape_of_q5_k>,
                                  pack_k_quants<shape_of_q5_k, offsets_of_q5_k>};
const PackedLayout packed_q6_k = {rows_of_word, group_bytes<shape_of_q6_k>,
                                  pack_k_quants<shape_of_q6_k, offsets_of_q6_k>};
const PackedLayout packed_tq1_0 = {rows_of_word, group_bytes<shape_of_ternary>, pack_tq1_0};
const PackedLayout packed_tq2_0 = {rows_of_word, group_bytes<shape_of_ternary>,
                                   pack_k_quants<shape_of_ternary, offsets_of_tq2_0>};
const PackedLayout packed_i2_s = {rows_of_word, group_bytes<shape_of_i2_s>, pack_i2_s};

}  // namespace squall::kernels
