#pragma once
// How weights of 2 to 6 bits lie in memory to be multiplied: the words of 16 rows side by side.
//
// A superblock of the file (256 values of one row; of i2_s two blocks, which hold as much) is its
// scale, for most formats its least as well, and a number of 32-bit words. Nothing inside a word
// changes: the quants that a file keeps four to an equal place of four bytes (values k to k + 3)
// are what one 32-bit lane multiplies at a time, the scales of four groups are a word too. So a
// packed weight is as large as in the file.
//
//   group of 16 rows:
//   | halves of superblock 0, 1, … | padding to 64 | words of superblock 0 | words of 1 | …
//
//   halves:  | scale f16: row 0 … row 15 | least f16: row 0 … row 15 |
//              (32 bytes each; not every format has a least)
//
//   words:   | word 0: row 0 … row 15 | word 1: row 0 … row 15 | …
//              (64 bytes each)
//
// Words of a superblock, by format (h: half of 128 values, c: quarter of 64, j: 0 to 7):
//   q2_k     0-3      scales
//            4+8h+j   values 128h+32s+4j in bits 2s
//
//   q3_k     0-7      third bits (j)
//            8+8h+j   as q2_k
//            24-26    scales
//
//   q4_k     0-2      scales
//            3+8c+j   low nibbles 64c+4j, high nibbles 64c+32+4j
//
//   q5_k     0-2      scales
//            3-10     fifth bits (j)
//            11+8c+j  as q4_k
//
//   q6_k     16h+j    low nibbles 128h+4j, high nibbles 128h+64+4j
//            16h+8+j  the same 32 values on
//            32+8h+j  upper bits, as q2_k's 2 bits
//            48-51    scales
//
//   ternary       8h+j as q2_k: quants 0, 1, 2. tq1_0 becomes this (2.06 bits a weight instead of
//                 1.69: unpacking base 3 would cost more than the memory saves); so does i2_s,
//                 which has no halves

#include <cstddef>

#include "kernels/cpu/multiply/packed_layout.hpp"
#include "kernels/cpu/multiply/quantized_activations.hpp"

namespace squall::kernels {

constexpr std::size_t values_of_superblock = 256;
constexpr std::size_t blocks_of_superblock = 8;  // of 32 values, as activations come
constexpr std::size_t fours_of_block = 8;        // as lanes of 32 bits multiply them
constexpr std::size_t rows_of_word = 16;
constexpr std::size_t bytes_of_words = 64;  // one word of each row

/// Where a packed group has what of its superblocks.
struct SuperblockShape {
  std::size_t halves;  // 16-bit floats a row: 0, 1 or 2
  std::size_t words;   // a row

  constexpr std::size_t superblocks(std::size_t columns) const {
    return (columns + values_of_superblock - 1) / values_of_superblock;
  }
  constexpr std::size_t bytes_of_halves(std::size_t columns) const {
    return (superblocks(columns) * halves * rows_of_word * 2 + 63) / 64 * 64;
  }
  constexpr std::size_t group_bytes(std::size_t columns) const {
    return bytes_of_halves(columns) + superblocks(columns) * words * bytes_of_words;
  }
};

constexpr SuperblockShape shape_of_q2_k{.halves = 2, .words = 20};
constexpr SuperblockShape shape_of_q3_k{.halves = 1, .words = 27};
constexpr SuperblockShape shape_of_q4_k{.halves = 2, .words = 35};
constexpr SuperblockShape shape_of_q5_k{.halves = 2, .words = 43};
constexpr SuperblockShape shape_of_q6_k{.halves = 1, .words = 52};
constexpr SuperblockShape shape_of_ternary{.halves = 1, .words = 16};
constexpr SuperblockShape shape_of_i2_s{.halves = 0, .words = 16};

/// From one superblock of a row of activations to the next.
inline void next_superblock(QuantizedActivations& activations) {
  activations.quants += values_of_superblock;
  activations.scales += blocks_of_superblock;
  activations.sums += blocks_of_superblock;
  activations.scaled_sums += blocks_of_superblock;
  activations.pair_sums += blocks_of_superblock * 2;
}

extern const PackedLayout packed_q2_k;
extern const PackedLayout packed_q3_k;
extern const PackedLayout packed_q4_k;
extern const PackedLayout packed_q5_k;
extern const PackedLayout packed_q6_k;
extern const PackedLayout packed_tq1_0;
extern const PackedLayout packed_tq2_0;
extern const PackedLayout packed_i2_s;

}  // namespace squall::kernels
