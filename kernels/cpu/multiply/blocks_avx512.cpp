// Weights in blocks of 32 on AVX-512 VNNI: one instruction multiplies 16 rows' unsigned quants,
// four each, by four signed activations and adds them up in 32 bits, where nothing overflows.
//
// Quants of q8_0 become unsigned by adding 128. What an offset adds to a block's sum, offset times
// the sum of the activations, is the sum's starting value, negated. Within a block all arithmetic
// is exact; blocks are added as floats in the order in which they lie, whatever the tile.

#include "kernels/cpu/multiply/blocks_avx512.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/multiply/blocks_layout.hpp"
#include "kernels/cpu/multiply/quantized_activations.hpp"

#if defined(__x86_64__)

#if !defined(SQUALL_AVX512_VNNI)  // the tests bring emulated instructions
// GCC 12 takes the deliberately undefined operands inside its own header for mistakes.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#define SQUALL_AVX512_VNNI \
  __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512vnni")))
#endif

namespace squall::kernels::avx512 {
namespace blocks {
namespace {

constexpr std::size_t rows_of_group = 16;
constexpr std::size_t bytes_of_words = 64;  // one of each row
constexpr std::size_t fours_of_block = 8;
constexpr std::size_t widest_tile = 8;  // columns: their sums and a block's quants fill registers

/// Memory is read this far ahead: some hundred nanoseconds at the pace of one core.
constexpr std::size_t prefetch_distance = 4096;

inline void prefetch(const std::byte* address) {
  _mm_prefetch(reinterpret_cast<const char*>(address), _MM_HINT_T0);
}

SQUALL_AVX512_VNNI inline __m512i load_word(const std::byte* words, std::size_t word) {
  return _mm512_load_si512(words + word * bytes_of_words);
}

SQUALL_AVX512_VNNI inline __m512i masked(__m512i bytes, int mask) {
  return _mm512_and_si512(bytes, _mm512_set1_epi8(static_cast<char>(mask)));
}

SQUALL_AVX512_VNNI inline __m512i broadcast_four(const void* four_bytes) {
  std::int32_t four = 0;
  std::memcpy(&four, four_bytes, sizeof four);
  return _mm512_set1_epi32(four);
}

SQUALL_AVX512_VNNI inline __m512 load_halves(const std::byte* halves) {
  return _mm512_cvtph_ps(_mm256_load_si256(reinterpret_cast<const __m256i*>(halves)));
}

// Formats: `unpack` makes the words of a block its quants, unsigned; `offset` is subtracted from
// each.

template <const BlockShape& block_shape, int offset_of_quants>
struct Q4 {
  static constexpr const BlockShape& shape = block_shape;
  static constexpr int offset = offset_of_quants;
  SQUALL_AVX512_VNNI static void unpack(const std::byte* words, __m512i (&quants)[fours_of_block]) {
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j) {
      const __m512i nibbles = load_word(words, j);
      quants[j] = masked(nibbles, 15);
      quants[4 + j] = masked(_mm512_srli_epi16(nibbles, 4), 15);
    }
  }
};

template <const BlockShape& block_shape, int offset_of_quants>
struct Q5 {
  static constexpr const BlockShape& shape = block_shape;
  static constexpr int offset = offset_of_quants;
  SQUALL_AVX512_VNNI static void unpack(const std::byte* words, __m512i (&quants)[fours_of_block]) {
    Q4<block_shape, offset_of_quants>::unpack(words, quants);
    // Bit j of each byte to its bit 4.
    const __m512i fifths = load_word(words, 4);
    quants[0] = _mm512_or_si512(quants[0], masked(_mm512_slli_epi16(fifths, 4), 16));
    quants[1] = _mm512_or_si512(quants[1], masked(_mm512_slli_epi16(fifths, 3), 16));
    quants[2] = _mm512_or_si512(quants[2], masked(_mm512_slli_epi16(fifths, 2), 16));
    quants[3] = _mm512_or_si512(quants[3], masked(_mm512_slli_epi16(fifths, 1), 16));
    quants[4] = _mm512_or_si512(quants[4], masked(fifths, 16));
    quants[5] = _mm512_or_si512(quants[5], masked(_mm512_srli_epi16(fifths, 1), 16));
    quants[6] = _mm512_or_si512(quants[6], masked(_mm512_srli_epi16(fifths, 2), 16));
    quants[7] = _mm512_or_si512(quants[7], masked(_mm512_srli_epi16(fifths, 3), 16));
  }
};

struct Q8 {
  static constexpr const BlockShape& shape = shape_of_q8_0;
  static constexpr int offset = 128;
  SQUALL_AVX512_VNNI static void unpack(const std::byte* words, __m512i (&quants)[fours_of_block]) {
#pragma GCC unroll 8
    for (std::size_t j = 0; j < fours_of_block; ++j) {
      quants[j] = _mm512_xor_si512(load_word(words, j), _mm512_set1_epi8(-128));
    }
  }
};

/// One block of 16 rows, unpacked.
struct Block {
  __m512i quants[fours_of_block];
  __m512 scales;
  __m512 leasts;
};

template <class Format>
SQUALL_AVX512_VNNI inline void unpack_block(const std::byte* halves, const std::byte* words,
                                            Block& block) {
  Format::unpack(words, block.quants);
  block.scales = load_halves(halves);
  if constexpr (Format::shape.halves == 2) block.leasts = load_halves(halves + 32);
}

/// The products of a block and one column's, in their scales, added to `sum`.
template <class Format>
SQUALL_AVX512_VNNI inline __m512 add_block(const Block& block, const QuantizedActivations& column,
                                           std::size_t number, __m512 sum) {
  __m512i products = _mm512_set1_epi32(-Format::offset * column.sums[number]);
#pragma GCC unroll 8
  for (std::size_t j = 0; j < fours_of_block; ++j) {
    const __m512i four = broadcast_four(column.quants + number * activations_per_block + j * 4);
    products = _mm512_dpbusd_epi32(products, block.quants[j], four);
  }
  const __m512 both = _mm512_mul_ps(block.scales, _mm512_set1_ps(column.scales[number]));
  sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products), both, sum);
  if constexpr (Format::shape.halves == 2) {
    sum = _mm512_fmadd_ps(block.leasts, _mm512_set1_ps(column.scaled_sums[number]), sum);
  }
  return sum;
}

/// 16 rows times `Columns` columns from `first` on.
template <class Format, std::size_t Columns>
SQUALL_AVX512_VNNI __attribute__((noinline)) void multiply_tile(const MultiplyTask& task,
                                                                const std::byte* group,
                                                                std::size_t first,
                                                                float (*result)[rows_of_group]) {
  QuantizedActivations columns[Columns];
  __m512 sums[Columns];
#pragma GCC unroll 8
  for (std::size_t c = 0; c < Columns; ++c) {
    columns[c] = quantized_activations(task.activations + (first + c) * task.activation_stride,
                                       task.columns);
    sums[c] = _mm512_setzero_ps();
  }
  const std::size_t blocks = task.columns / activations_per_block;
  constexpr BlockShape shape = Format::shape;
  const std::byte* halves = group;
  const std::byte* words = group + shape.words_offset(task.columns);
  for (std::size_t number = 0; number < blocks; ++number) {
    if constexpr (Columns == 1) {
      for (std::size_t line = 0; line < shape.bytes_of_words(); line += 64) {
        prefetch(words + prefetch_distance + line);
      }
      prefetch(halves + prefetch_distance / shape.words * shape.halves / 2);
    }
    Block block;
    unpack_block<Format>(halves, words, block);
    halves += shape.bytes_of_halves();
    words += shape.bytes_of_words();
#pragma GCC unroll 8
    for (std::size_t c = 0; c < Columns; ++c) {
      sums[c] = add_block<Format>(block, columns[c], number, sums[c]);
    }
  }
#pragma GCC unroll 8
  for (std::size_t c = 0; c < Columns; ++c) _mm512_store_ps(result[c], sums[c]);
}

template <class Format, std::size_t Columns>
void multiply_columns(const MultiplyTask& task, const std::byte* group, std::size_t row,
                      std::size_t& first) {
  alignas(64) float result[Columns][rows_of_group];
  const std::size_t rows = std::min(rows_of_group, task.rows - row);
  for (; first + Columns <= task.batch; first += Columns) {
    multiply_tile<Format, Columns>(task, group, first, result);
    for (std::size_t c = 0; c < Columns; ++c) {
      std::copy_n(result[c], rows, task.output + (first + c) * task.output_stride + row);
    }
  }
}

template <class Format>
void multiply(const MultiplyTask& task) {
  const std::size_t group_bytes = Format::shape.group_bytes(task.columns);
  for (std::size_t row = 0; row < task.rows; row += rows_of_group) {
    const std::byte* group = task.weights + row / rows_of_group * group_bytes;
    std::size_t first = 0;
    multiply_columns<Format, widest_tile>(task, group, row, first);
    multiply_columns<Format, 4>(task, group, row, first);
    multiply_columns<Format, 2>(task, group, row, first);
    multiply_columns<Format, 1>(task, group, row, first);
  }
}

}  // namespace
}  // namespace blocks

void multiply_q8_0(const MultiplyTask& task) { blocks::multiply<blocks::Q8>(task); }
void multiply_q4_0(const MultiplyTask& task) {
  blocks::multiply<blocks::Q4<shape_of_q4_0, 8>>(task);
}
void multiply_q4_1(const MultiplyTask& task) {
  blocks::multiply<blocks::Q4<shape_of_q4_1, 0>>(task);
}
void multiply_q5_0(const MultiplyTask& task) {
  blocks::multiply<blocks::Q5<shape_of_q5_0, 16>>(task);
}
void multiply_q5_1(const MultiplyTask& task) {
  blocks::multiply<blocks::Q5<shape_of_q5_1, 0>>(task);
}

}  // namespace squall::kernels::avx512

#endif
