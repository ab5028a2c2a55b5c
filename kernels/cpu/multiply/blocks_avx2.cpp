// Weights in blocks of 32 on AVX2: every 32-bit lane belongs to one row, no sum is taken across
// lanes.
//
// Within a block all arithmetic is exact. Blocks are added as floats in the order in which they
// lie, each as cvt(products) * (weight's scale * activation's scale), whatever the tile, so that
// neither the batch nor the tile shows in a result. One column streams the weights and unpacks them
// in registers; for several, some blocks of 16 rows are unpacked once into the first-level cache
// and multiplied by four columns at a time.

#include "kernels/cpu/multiply/blocks_avx2.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "kernels/cpu/multiply/blocks_layout.hpp"
#include "kernels/cpu/multiply/quantized_activations.hpp"
#include "kernels/cpu/multiply/wide_activations.hpp"

#if defined(__x86_64__)

#include "kernels/cpu/avx2_vectors.hpp"

namespace squall::kernels::avx2 {
namespace {

constexpr std::size_t rows_of_group = 16;
constexpr std::size_t halves_of_word = 2;  // rows 0 to 7, rows 8 to 15
constexpr std::size_t fours_of_block = 8;
constexpr std::size_t values_of_block = 32;
constexpr std::size_t most_columns = 32;  // multiplied with the same unpacked blocks
constexpr std::size_t most_blocks = 12;   // unpacked at a time

/// Memory is read this far ahead: some hundred nanoseconds at the pace of one core.
constexpr std::size_t prefetch_distance = 4096;

SQUALL_AVX2 inline __m256i load_word(const std::byte* words, std::size_t word, std::size_t half) {
  const std::byte* address = words + word * 64 + half * 32;
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(address));
}

SQUALL_AVX2 inline void prefetch(const std::byte* address) {
  _mm_prefetch(reinterpret_cast<const char*>(address), _MM_HINT_T0);
}

SQUALL_AVX2 inline __m256i broadcast_word(const void* four_bytes) {
  std::int32_t word = 0;
  std::memcpy(&word, four_bytes, sizeof word);
  return _mm256_set1_epi32(word);
}

SQUALL_AVX2 inline __m256i masked(__m256i bytes, int mask) {
  return _mm256_and_si256(bytes, _mm256_set1_epi8(static_cast<char>(mask)));
}

SQUALL_AVX2 inline __m256 load_halves(const std::byte* halves, std::size_t half) {
  return _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(halves) + half));
}

/// Adds in the order written: GCC would build trees of sums, and run out of registers.
SQUALL_AVX2 inline __m256i add_pairs(__m256i sum, __m256i addend) {
  sum = _mm256_add_epi16(sum, addend);
  __asm__("" : "+x"(sum));
  return sum;
}

SQUALL_AVX2 inline __m256i add_words(__m256i sum, __m256i addend) {
  sum = _mm256_add_epi32(sum, addend);
  __asm__("" : "+x"(sum));
  return sum;
}

/// Four rows' words of four bytes become the quants of the low and of the high nibbles.
SQUALL_AVX2 inline void split_nibbles(__m256i words, __m256i& low, __m256i& high) {
  low = masked(words, 15);
  high = masked(_mm256_srli_epi16(words, 4), 15);
}

/// Unsigned quants of 4 bits times signed activations: 8 * 2 * 15 * 127 = 30480 fits 16 bits.
template <const BlockShape& block_shape, int offset>
struct Q4 {
  using Activations = QuantizedActivations;
  static constexpr const BlockShape& shape = block_shape;
  static constexpr std::size_t fours_of_sum = 8;
  static constexpr int subtracted = offset;  // from each quant
  static constexpr bool has_least = block_shape.halves == 2;

  SQUALL_AVX2 static void unpack(const std::byte* words, std::size_t half,
                                 __m256i (&quants)[fours_of_block]) {
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j) {
      split_nibbles(load_word(words, j, half), quants[j], quants[4 + j]);
    }
  }
};

/// 4 * 2 * 31 * 127 = 31496 fits 16 bits.
template <const BlockShape& block_shape, int offset>
struct Q5 {
  using Activations = QuantizedActivations;
  static constexpr const BlockShape& shape = block_shape;
  static constexpr std::size_t fours_of_sum = 4;
  static constexpr int subtracted = offset;
  static constexpr bool has_least = block_shape.halves == 2;

  SQUALL_AVX2 static void unpack(const std::byte* words, std::size_t half,
                                 __m256i (&quants)[fours_of_block]) {
    const __m256i fifths = load_word(words, 4, half);
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j) {
      split_nibbles(load_word(words, j, half), quants[j], quants[4 + j]);
    }
    // Bit j of each byte to its bit 4.
    quants[0] = _mm256_or_si256(quants[0], masked(_mm256_slli_epi16(fifths, 4), 16));
    quants[1] = _mm256_or_si256(quants[1], masked(_mm256_slli_epi16(fifths, 3), 16));
    quants[2] = _mm256_or_si256(quants[2], masked(_mm256_slli_epi16(fifths, 2), 16));
    quants[3] = _mm256_or_si256(quants[3], masked(_mm256_slli_epi16(fifths, 1), 16));
    quants[4] = _mm256_or_si256(quants[4], masked(fifths, 16));
    quants[5] = _mm256_or_si256(quants[5], masked(_mm256_srli_epi16(fifths, 1), 16));
    quants[6] = _mm256_or_si256(quants[6], masked(_mm256_srli_epi16(fifths, 2), 16));
    quants[7] = _mm256_or_si256(quants[7], masked(_mm256_srli_epi16(fifths, 3), 16));
  }
};

/// Blocks of 16 rows, as tiles for several columns want them.
template <std::size_t vectors>  // of 8 rows, a four
struct UnpackedBlocks {
  alignas(64) __m256i quants[most_blocks][fours_of_block][halves_of_word][vectors];
  alignas(64) float scales[most_blocks][rows_of_group];
  alignas(64) float leasts[most_blocks][rows_of_group];
};

/// The sums of fours `j - fours_of_sum + 1` to `j` of a block join its products.
template <class Format>
SQUALL_AVX2 inline void add_four(__m256i quants, __m256i four, std::size_t j, __m256i& sums,
                                 __m256i& products) {
  const __m256i product = _mm256_maddubs_epi16(quants, four);
  sums = j % Format::fours_of_sum == 0 ? product : add_pairs(sums, product);
  if ((j + 1) % Format::fours_of_sum != 0) return;
  const __m256i widened = _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
  products = j < Format::fours_of_sum ? widened : _mm256_add_epi32(products, widened);
}

/// What all rows of a block share of one column, in every lane.
struct ColumnOfBlock {
  __m256i offset;     // to be subtracted from the products
  __m256 scale;       // of the activations
  __m256 scaled_sum;  // of the activations
};

/// A block's products, whole numbers, as floats in their scales, added to `sum`.
template <class Format>
SQUALL_AVX2 inline __m256 add_block(__m256i products, const ColumnOfBlock& column, __m256 scale,
                                    __m256 least, __m256 sum) {
  if constexpr (Format::subtracted != 0) products = _mm256_sub_epi32(products, column.offset);
  const __m256 both = _mm256_mul_ps(scale, column.scale);
  sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products), both, sum);
  if constexpr (Format::has_least) sum = _mm256_fmadd_ps(least, column.scaled_sum, sum);
  return sum;
}

template <class Format>
struct NarrowKernel {
  using Unpacked = UnpackedBlocks<1>;
  using Activations = QuantizedActivations;

  SQUALL_AVX2 static Activations row(const std::byte* activations, std::size_t columns) {
    return quantized_activations(activations, columns);
  }
  SQUALL_AVX2 static void advance(Activations& activations, std::size_t blocks) {
    activations.quants += blocks * values_of_block;
    activations.scales += blocks;
    activations.sums += blocks;
    activations.scaled_sums += blocks;
  }
  SQUALL_AVX2 static void unpack(const std::byte* halves, const std::byte* words,
                                 Unpacked& unpacked, std::size_t block) {
    for (std::size_t half = 0; half < halves_of_word; ++half) {
      __m256i quants[fours_of_block];
      Format::unpack(words, half, quants);
#pragma GCC unroll 8
      for (std::size_t j = 0; j < fours_of_block; ++j) {
        unpacked.quants[block][j][half][0] = quants[j];
      }
      _mm256_store_ps(unpacked.scales[block] + half * lanes, load_halves(halves, half));
      if constexpr (Format::has_least) {
        _mm256_store_ps(unpacked.leasts[block] + half * lanes, load_halves(halves + 32, half));
      }
    }
  }
  /// Of 16 rows and `Columns` columns.
  template <std::size_t Columns>
  SQUALL_AVX2 static void multiply_block(const Unpacked& unpacked, const Activations* activations,
                                         std::size_t block,
                                         __m256i (&products)[halves_of_word][Columns]) {
    __m256i sums[halves_of_word][Columns];
#pragma GCC unroll 8
    for (std::size_t j = 0; j < fours_of_block; ++j) {
      const auto& quants = unpacked.quants[block][j];
#pragma GCC unroll 4
      for (std::size_t c = 0; c < Columns; ++c) {
        const __m256i four =
            broadcast_word(activations[c].quants + block * values_of_block + j * 4);
        add_four<Format>(quants[0][0], four, j, sums[0][c], products[0][c]);
        add_four<Format>(quants[1][0], four, j, sums[1][c], products[1][c]);
      }
    }
  }
  SQUALL_AVX2 static ColumnOfBlock column(const Activations& activations, std::size_t block) {
    ColumnOfBlock result{};
    if constexpr (Format::subtracted != 0) {
      constexpr int shift = std::countr_zero(static_cast<unsigned>(Format::subtracted));
      result.offset = _mm256_slli_epi32(broadcast_word(activations.sums + block), shift);
    }
    result.scale = _mm256_broadcast_ss(activations.scales + block);
    if constexpr (has_least)
      result.scaled_sum = _mm256_broadcast_ss(activations.scaled_sums + block);
    return result;
  }
  SQUALL_AVX2 static __m256 add(__m256i products, const ColumnOfBlock& column, __m256 scale,
                                __m256 least, __m256 sum) {
    return add_block<Format>(products, column, scale, least, sum);
  }
  template <std::size_t Columns>
  SQUALL_AVX2 static void stream_block(const std::byte* words, std::size_t half,
                                       const Activations* activations, std::size_t block,
                                       __m256i (&products)[Columns]) {
    __m256i quants[fours_of_block];
    Format::unpack(words, half, quants);
#pragma GCC unroll 4
    for (std::size_t c = 0; c < Columns; ++c) {
      const std::int8_t* values = activations[c].quants + block * values_of_block;
      __m256i sums;
#pragma GCC unroll 8
      for (std::size_t j = 0; j < fours_of_block; ++j) {
        add_four<Format>(quants[j], broadcast_word(values + j * 4), j, sums, products[c]);
      }
    }
  }
  static constexpr bool has_least = Format::has_least;
  static constexpr const BlockShape& shape = Format::shape;
};

/// 8-bit weights, widened: each word's bytes 0 and 2, then 1 and 3, as pairs of 16 bits.
struct WideKernel {
  using Unpacked = UnpackedBlocks<2>;
  using Activations = WideActivations;
  static constexpr bool has_least = false;
  static constexpr const BlockShape& shape = shape_of_q8_0;

  SQUALL_AVX2 static Activations row(const std::byte* activations, std::size_t columns) {
    return wide_activations(activations, columns);
  }
  SQUALL_AVX2 static void advance(Activations& activations, std::size_t blocks) {
    activations.quants += blocks * values_of_block;
    activations.scales += blocks;
  }
  SQUALL_AVX2 static __m256i even_bytes(__m256i words) {
    return _mm256_srai_epi16(_mm256_slli_epi16(words, 8), 8);
  }
  SQUALL_AVX2 static __m256i odd_bytes(__m256i words) { return _mm256_srai_epi16(words, 8); }
  SQUALL_AVX2 static void unpack(const std::byte* halves, const std::byte* words,
                                 Unpacked& unpacked, std::size_t block) {
    for (std::size_t half = 0; half < halves_of_word; ++half) {
#pragma GCC unroll 8
      for (std::size_t j = 0; j < fours_of_block; ++j) {
        const __m256i word = load_word(words, j, half);
        unpacked.quants[block][j][half][0] = even_bytes(word);
        unpacked.quants[block][j][half][1] = odd_bytes(word);
      }
      _mm256_store_ps(unpacked.scales[block] + half * lanes, load_halves(halves, half));
    }
  }
  SQUALL_AVX2 static __m256i add_four(__m256i even, __m256i odd, const std::int16_t* four,
                                      __m256i products) {
    products = add_words(products, _mm256_madd_epi16(even, broadcast_word(four)));
    return add_words(products, _mm256_madd_epi16(odd, broadcast_word(four + 2)));
  }
  template <std::size_t Columns>
  SQUALL_AVX2 static void multiply_block(const Unpacked& unpacked, const Activations* activations,
                                         std::size_t block,
                                         __m256i (&products)[halves_of_word][Columns]) {
#pragma GCC unroll 2
    for (std::size_t half = 0; half < halves_of_word; ++half) {
#pragma GCC unroll 4
      for (std::size_t c = 0; c < Columns; ++c) products[half][c] = _mm256_setzero_si256();
    }
#pragma GCC unroll 8
    for (std::size_t j = 0; j < fours_of_block; ++j) {
      const auto& quants = unpacked.quants[block][j];
#pragma GCC unroll 4
      for (std::size_t c = 0; c < Columns; ++c) {
        const std::int16_t* four = activations[c].quants + block * values_of_block + j * 4;
        products[0][c] = add_four(quants[0][0], quants[0][1], four, products[0][c]);
        products[1][c] = add_four(quants[1][0], quants[1][1], four, products[1][c]);
      }
    }
  }
  SQUALL_AVX2 static ColumnOfBlock column(const Activations& activations, std::size_t block) {
    ColumnOfBlock result{};
    result.scale = _mm256_broadcast_ss(activations.scales + block);
    return result;
  }
  SQUALL_AVX2 static __m256 add(__m256i products, const ColumnOfBlock& column, __m256 scale,
                                __m256 /*least*/, __m256 sum) {
    const __m256 both = _mm256_mul_ps(scale, column.scale);
    return _mm256_fmadd_ps(_mm256_cvtepi32_ps(products), both, sum);
  }
  template <std::size_t Columns>
  SQUALL_AVX2 static void stream_block(const std::byte* words, std::size_t half,
                                       const Activations* activations, std::size_t block,
                                       __m256i (&products)[Columns]) {
#pragma GCC unroll 4
    for (std::size_t c = 0; c < Columns; ++c) products[c] = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (std::size_t j = 0; j < fours_of_block; ++j) {
      const __m256i word = load_word(words, j, half);
      const __m256i even = even_bytes(word);
      const __m256i odd = odd_bytes(word);
#pragma GCC unroll 4
      for (std::size_t c = 0; c < Columns; ++c) {
        const std::int16_t* four = activations[c].quants + block * values_of_block + j * 4;
        products[c] = add_four(even, odd, four, products[c]);
      }
    }
  }
};

template <class Kernel>
SQUALL_AVX2 inline void prefetch_words(const std::byte* words) {
  for (std::size_t line = 0; line < Kernel::shape.bytes_of_words(); line += 64) {
    prefetch(words + prefetch_distance + line);
  }
}

/// 16 rows times a few columns, unpacked in registers: less work than unpacking into memory first.
template <class Kernel, std::size_t Columns>
SQUALL_AVX2 void stream_group(const std::byte* halves, const std::byte* words,
                              const typename Kernel::Activations* rows, std::size_t blocks,
                              float (*output)[rows_of_group]) {
  constexpr BlockShape shape = Kernel::shape;
  __m256 sums[halves_of_word][Columns];
#pragma GCC unroll 4
  for (std::size_t c = 0; c < Columns; ++c) sums[0][c] = sums[1][c] = _mm256_setzero_ps();
  for (std::size_t block = 0; block < blocks; ++block) {
    prefetch_words<Kernel>(words);
    prefetch(halves + prefetch_distance / shape.words * shape.halves / 2);
#pragma GCC unroll 2
    for (std::size_t half = 0; half < halves_of_word; ++half) {
      __m256i products[Columns];
      Kernel::template stream_block<Columns>(words, half, rows, block, products);
      const __m256 scale = load_halves(halves, half);
      const __m256 least = Kernel::has_least ? load_halves(halves + 32, half) : scale;
#pragma GCC unroll 4
      for (std::size_t c = 0; c < Columns; ++c) {
        const ColumnOfBlock column = Kernel::column(rows[c], block);
        sums[half][c] = Kernel::add(products[c], column, scale, least, sums[half][c]);
      }
    }
    halves += shape.bytes_of_halves();
    words += shape.bytes_of_words();
  }
#pragma GCC unroll 4
  for (std::size_t c = 0; c < Columns; ++c) {
    _mm256_store_ps(output[c], sums[0][c]);
    _mm256_store_ps(output[c] + lanes, sums[1][c]);
  }
}

/// What is unpacked next: tiles fetch it while they multiply, some lines with each block, so that
/// unpacking does not wait for memory.
struct Ahead {
  const std::byte* next;
  const std::byte* end;
  std::size_t lines;  // with each block

  void fetched(std::size_t blocks) {
    next = std::min(next + blocks * lines * 64, end);
    if (next == end) lines = 0;
  }
};

/// Unpacked blocks of 16 rows times `Columns` columns, added to `sums`.
template <class Kernel, std::size_t Columns>
SQUALL_AVX2 __attribute__((noinline)) void multiply_tile(
    const typename Kernel::Unpacked& unpacked, const typename Kernel::Activations* activations,
    std::size_t blocks, float (*sums)[rows_of_group], const Ahead& ahead) {
  const std::byte* next = ahead.next;
  const std::size_t step = ahead.lines * 64;
  for (std::size_t block = 0; block < blocks; ++block) {
    for (const std::byte* const end = next + step; next < end; next += 64) prefetch(next);
    __m256i products[halves_of_word][Columns];
    Kernel::template multiply_block<Columns>(unpacked, activations, block, products);
#pragma GCC unroll 4
    for (std::size_t c = 0; c < Columns; ++c) {
      const ColumnOfBlock column = Kernel::column(activations[c], block);
#pragma GCC unroll 2
      for (std::size_t half = 0; half < halves_of_word; ++half) {
        const __m256 scale = _mm256_load_ps(unpacked.scales[block] + half * lanes);
        const __m256 least = _mm256_load_ps(unpacked.leasts[block] + half * lanes);
        float* place = sums[c] + half * lanes;
        const __m256 sum = _mm256_load_ps(place);
        _mm256_store_ps(place, Kernel::add(products[half][c], column, scale, least, sum));
      }
    }
  }
}

/// Sums of 16 rows and some columns.
struct GroupSums {
  alignas(64) float sums[most_columns][rows_of_group];
};

/// 16 rows times the task's columns from `first` on, at most `most_columns`; `next_group` comes
/// after them.
template <class Kernel>
SQUALL_AVX2 void multiply_group(const MultiplyTask& task, const std::byte* group,
                                const std::byte* next_group, std::size_t first, std::size_t columns,
                                GroupSums& result) {
  typename Kernel::Activations rows[most_columns];
  for (std::size_t c = 0; c < columns; ++c) {
    rows[c] = Kernel::row(task.activations + (first + c) * task.activation_stride, task.columns);
  }
  const std::size_t blocks = task.columns / values_of_block;
  const std::byte* words = group + Kernel::shape.words_offset(task.columns);
  if (columns == 1) return stream_group<Kernel, 1>(group, words, rows, blocks, result.sums);
  if (columns == 2) return stream_group<Kernel, 2>(group, words, rows, blocks, result.sums);
  if (columns == 3) return stream_group<Kernel, 3>(group, words, rows, blocks, result.sums);
  if (columns == 4) return stream_group<Kernel, 4>(group, words, rows, blocks, result.sums);
  std::memset(result.sums, 0, columns * sizeof result.sums[0]);
  constexpr std::size_t block_bytes = Kernel::shape.bytes_of_words();
  typename Kernel::Unpacked unpacked;
  const std::size_t rounds = (blocks + most_blocks - 1) / most_blocks;
  const auto first_of = [&](std::size_t round) { return round * blocks / rounds; };
  for (std::size_t round = 0; round < rounds; ++round) {
    const std::size_t begin = first_of(round), end = first_of(round + 1);
    const std::size_t count = end - begin;
    for (std::size_t block = 0; block < count; ++block) {
      Kernel::unpack(group + (begin + block) * Kernel::shape.bytes_of_halves(),
                     words + (begin + block) * block_bytes, unpacked, block);
    }
    const bool last = round + 1 == rounds;
    Ahead ahead{.next = last ? next_group : words + end * block_bytes,
                .end = last ? next_group + (words - group) + first_of(1) * block_bytes
                            : words + first_of(round + 2) * block_bytes,
                .lines = 0};
    const std::size_t tiles = (columns + 3) / 4;
    const auto lines = static_cast<std::size_t>(ahead.end - ahead.next) / 64;
    ahead.lines = (lines + tiles * count - 1) / (tiles * count);
    std::size_t c = 0;
    for (; c + 4 <= columns; c += 4) {
      multiply_tile<Kernel, 4>(unpacked, rows + c, count, result.sums + c, ahead);
      ahead.fetched(count);
    }
    for (; c + 2 <= columns; c += 2) {
      multiply_tile<Kernel, 2>(unpacked, rows + c, count, result.sums + c, ahead);
      ahead.fetched(count);
    }
    if (c < columns) multiply_tile<Kernel, 1>(unpacked, rows + c, count, result.sums + c, ahead);
    for (c = 0; c < columns; ++c) Kernel::advance(rows[c], count);
  }
}

template <class Kernel>
void multiply(const MultiplyTask& task) {
  const std::size_t group_bytes = Kernel::shape.group_bytes(task.columns);
  GroupSums result;
  for (std::size_t row = 0; row < task.rows; row += rows_of_group) {
    const std::byte* group = task.weights + row / rows_of_group * group_bytes;
    const std::size_t rows = std::min(rows_of_group, task.rows - row);
    for (std::size_t first = 0; first < task.batch; first += most_columns) {
      const std::size_t columns = std::min(most_columns, task.batch - first);
      const bool again = first + columns < task.batch;
      const std::byte* next_group = again ? group : group + group_bytes;
      multiply_group<Kernel>(task, group, next_group, first, columns, result);
      for (std::size_t c = 0; c < columns; ++c) {
        float* output = task.output + (first + c) * task.output_stride + row;
        std::copy_n(result.sums[c], rows, output);
      }
    }
  }
}

}  // namespace

void multiply_q4_0(const MultiplyTask& task) { multiply<NarrowKernel<Q4<shape_of_q4_0, 8>>>(task); }
void multiply_q4_1(const MultiplyTask& task) { multiply<NarrowKernel<Q4<shape_of_q4_1, 0>>>(task); }
void multiply_q5_0(const MultiplyTask& task) {
  multiply<NarrowKernel<Q5<shape_of_q5_0, 16>>>(task);
}
void multiply_q5_1(const MultiplyTask& task) { multiply<NarrowKernel<Q5<shape_of_q5_1, 0>>>(task); }
void multiply_q8_0(const MultiplyTask& task) { multiply<WideKernel>(task); }

}  // namespace squall::kernels::avx2

#endif
