#include "kernels/cpu/multiply/blocks_layout.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace squall::kernels {
namespace {

constexpr std::size_t rows_of_group = 16;
constexpr std::size_t values_of_block = 32;

/// Bits of a block's fifth bits, as files have them (value i in bit i), by byte of a word instead.
std::uint32_t fifth_bits_by_byte(std::uint32_t bits) {
  std::uint32_t words = 0;
  for (std::uint32_t byte = 0; byte < 4; ++byte) {
    std::uint32_t own = (bits >> byte) & 0x11111111U;  // every fourth, to be moved together
    own = (own | own >> 3) & 0x03030303U;
    own = (own | own >> 6) & 0x000F000FU;
    own = (own | own >> 12) & 0xFFU;
    words |= own << (8 * byte);
  }
  return words;
}

struct PackedQ4 {
  static void pack_words(const std::byte* block, std::array<std::uint32_t, 8>& words) {
    std::memcpy(words.data(), block, 16);
  }
};

struct PackedQ5 {
  static void pack_words(const std::byte* block, std::array<std::uint32_t, 8>& words) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, block, sizeof bits);
    std::memcpy(words.data(), block + sizeof bits, 16);
    words[4] = fifth_bits_by_byte(bits);
  }
};

struct PackedQ8 {
  static void pack_words(const std::byte* block, std::array<std::uint32_t, 8>& words) {
    std::memcpy(words.data(), block, 32);
  }
};

/// In files a block is its halves and then its words; only the fifth bits are rearranged.
template <class Words, const BlockShape& shape>
void pack_group(const TensorView& source, std::size_t first_row, std::byte* packed) {
  constexpr std::size_t source_bytes = shape.halves * 2 + shape.words * 4;
  const std::size_t blocks = source.columns / values_of_block;
  const std::size_t row_bytes = blocks * source_bytes;
  const std::size_t rows = std::min(rows_of_group, source.rows - first_row);
  if (rows < rows_of_group) std::memset(packed, 0, shape.group_bytes(source.columns));
  for (std::size_t row = 0; row < rows; ++row) {
    const std::byte* from = source.data + (first_row + row) * row_bytes;
    std::byte* halves = packed;
    std::byte* packed_words = packed + shape.words_offset(source.columns);
    for (std::size_t block = 0; block < blocks; ++block) {
      for (std::size_t half = 0; half < shape.halves; ++half) {
        std::memcpy(halves + half * 32 + row * 2, from + half * 2, 2);
      }
      std::array<std::uint32_t, 8> words;
      Words::pack_words(from + shape.halves * 2, words);
      for (std::size_t word = 0; word < shape.words; ++word) {
        std::memcpy(packed_words + word * 64 + row * 4, &words[word], 4);
      }
      from += source_bytes;
      halves += shape.bytes_of_halves();
      packed_words += shape.bytes_of_words();
    }
  }
}

template <const BlockShape& shape>
std::size_t group_bytes(std::size_t columns) {
  return shape.group_bytes(columns);
}

template <class Words, const BlockShape& shape>
constexpr PackedLayout layout_of() {
  return {rows_of_group, group_bytes<shape>, pack_group<Words, shape>};
}

}  // namespace

const PackedLayout packed_q4_0 = layout_of<PackedQ4, shape_of_q4_0>();
const PackedLayout packed_q4_1 = layout_of<PackedQ4, shape_of_q4_1>();
const PackedLayout packed_q5_0 = layout_of<PackedQ5, shape_of_q5_0>();
const PackedLayout packed_q5_1 = layout_of<PackedQ5, shape_of_q5_1>();
const PackedLayout packed_q8_0 = layout_of<PackedQ8, shape_of_q8_0>();

}  // namespace squall::kernels
