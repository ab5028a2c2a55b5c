#pragma once
// How weights in blocks of 32 lie in memory to be multiplied: the words of 16 rows side by side.
//
//   group of 16 rows: | halves of block 0 | of block 1 | … to a multiple of 64 bytes |
//                     | words of block 0 | of block 1 | … |
//
//   halves of a block: | scale f16: row 0 … row 15 | least f16: row 0 … row 15 |
//                        (32 bytes each; not every format has a least)
//
//   words of a block:  | word 0: row 0 … row 15 | word 1: row 0 … row 15 | …
//                        (64 bytes each)
//
// A word is 32 bits of one row:
//   q4_0, q4_1  word j (0 to 3): values 4j to 4j + 3 in the low nibbles, 16 + 4j … in the high
//   q5_0, q5_1  the same, and then a word of fifth bits: bit j of byte t is that of value 4j + t
//   q8_0        word j (0 to 7): values 4j to 4j + 3
// A packed weight is as large as in the file.

#include <cstddef>

#include "kernels/cpu/multiply/packed_layout.hpp"

namespace squall::kernels {

/// Where 16 rows have what.
struct BlockShape {
  std::size_t halves;  // 16-bit floats of a row's block: 1 or 2
  std::size_t words;   // of a row's block

  constexpr std::size_t bytes_of_halves() const { return halves * 32; }  // of a block
  constexpr std::size_t bytes_of_words() const { return words * 64; }
  /// Where a group's words begin.
  constexpr std::size_t words_offset(std::size_t columns) const {
    return (columns / 32 * bytes_of_halves() + 63) / 64 * 64;
  }
  constexpr std::size_t group_bytes(std::size_t columns) const {
    return words_offset(columns) + columns / 32 * bytes_of_words();
  }
};

constexpr BlockShape shape_of_q4_0{.halves = 1, .words = 4};
constexpr BlockShape shape_of_q4_1{.halves = 2, .words = 4};
constexpr BlockShape shape_of_q5_0{.halves = 1, .words = 5};
constexpr BlockShape shape_of_q5_1{.halves = 2, .words = 5};
constexpr BlockShape shape_of_q8_0{.halves = 1, .words = 8};

extern const PackedLayout packed_q4_0;
extern const PackedLayout packed_q4_1;
extern const PackedLayout packed_q5_0;
extern const PackedLayout packed_q5_1;
extern const PackedLayout packed_q8_0;

}  // namespace squall::kernels
