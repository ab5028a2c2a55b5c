// K-quants and ternary weights on AVX2: every 32-bit lane belongs to one row, no sum is taken
// across lanes.
//
// Within a block of 32 activations, which share a scale, all arithmetic is exact: unsigned quants
// times signed activations in 16 bits, as many as fit; times the group's integer scale in 32 bits.
// Blocks are then added as floats in the order in which they lie, superblocks likewise. That order
// is the same for one column and for many, so neither the batch nor the tile shows in a result.
//
// One column streams the weights and unpacks them in registers. For several, a superblock of 16
// rows is unpacked once into the first-level cache and multiplied by four columns at a time.

#include "kernels/cpu/multiply/k_quants_avx2.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/multiply/quantized_activations.hpp"

#if defined(__x86_64__)

#include "kernels/cpu/multiply/k_quants_avx2_words.hpp"

namespace squall::kernels::avx2 {
namespace {

constexpr std::size_t most_columns = 32;  // multiplied with one unpacked superblock

/// Memory is read this far ahead: some hundred nanoseconds at the pace of one core.
constexpr std::size_t prefetch_distance = 4096;

/// A superblock as the tiles for several columns want it.
struct UnpackedSuperblock {
  alignas(64) std::uint8_t quants[blocks_of_superblock * fours_of_block][bytes_of_words];
  SuperblockScales scales;
};

SQUALL_AVX2 inline __m256i broadcast_four(const void* four_bytes) {
  std::int32_t four = 0;
  std::memcpy(&four, four_bytes, sizeof four);
  return _mm256_set1_epi32(four);
}

SQUALL_AVX2 inline __m256i load_pairs(const std::int16_t (&pairs)[2 * rows_of_word],
                                      std::size_t half) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(pairs) + half);
}

/// Adds in the order written: GCC would build trees of sums, and run out of registers.
SQUALL_AVX2 inline __m256i add_in_order(__m256i sum, __m256i addend) {
  sum = _mm256_add_epi16(sum, addend);
  __asm__("" : "+x"(sum));
  return sum;
}

/// Sums of 16 bits, those of fours `j - fours_of_sum + 1` to `j` of a block, times their scales.
template <class Format>
SQUALL_AVX2 inline __m256i scale_sums(__m256i sums, const GroupScales& scales,
                                      const QuantizedActivations& activations, std::size_t block,
                                      std::size_t j, std::size_t half) {
  const std::size_t sixteen = 2 * block + j / 4;
  if constexpr (Format::offset_bits > 0) {
    const __m256i of_activations = broadcast_four(activations.pair_sums + sixteen);
    sums = _mm256_sub_epi16(sums, shifted_left<Format::offset_bits>(of_activations));
  }
  if constexpr (Format::least == Least::ternary) {
    return _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
  } else {
    const std::size_t group = Format::values_of_group == 16 ? sixteen : block;
    return _mm256_madd_epi16(sums, load_pairs(scales.scales[group], half));
  }
}

/// Four quants of each row times four activations of a column: the j-th such product of a block.
template <class Format>
SQUALL_AVX2 inline void add_four(__m256i quants, __m256i four, const GroupScales& scales,
                                 const QuantizedActivations& activations, std::size_t block,
                                 std::size_t j, std::size_t half, __m256i& sums,
                                 __m256i& products) {
  const __m256i product = _mm256_maddubs_epi16(quants, four);
  sums = j % Format::fours_of_sum == 0 ? product : add_in_order(sums, product);
  if ((j + 1) % Format::fours_of_sum != 0) return;
  const __m256i scaled = scale_sums<Format>(sums, scales, activations, block, j, half);
  products = j < Format::fours_of_sum ? scaled : _mm256_add_epi32(products, scaled);
}

/// Adds a block's products, which are whole numbers, in the block's scale.
template <class Format>
SQUALL_AVX2 inline void add_block(__m256i products, const QuantizedActivations& activations,
                                  std::size_t block, __m256& sum) {
  const __m256 scale = _mm256_broadcast_ss(activations.scales + block);
  if constexpr (Format::least == Least::ternary) {
    products = _mm256_sub_epi32(products, _mm256_set1_epi32(activations.sums[block]));
  }
  sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products), scale, sum);
}

/// Adds what the least values of a block make of the activations.
template <class Format>
SQUALL_AVX2 inline __m256 add_least(const GroupScales& scales,
                                    const QuantizedActivations& activations, std::size_t block,
                                    std::size_t half, __m256 sum) {
  if constexpr (Format::least == Least::of_32) {
    const __m256 least = _mm256_load_ps(scales.leasts_of_32[block] + half * lanes);
    return _mm256_fmadd_ps(least, _mm256_broadcast_ss(activations.scaled_sums + block), sum);
  } else {
    const PairSums* sums = activations.pair_sums + 2 * block;
    const auto& leasts = scales.leasts_of_16;
    const __m256i both = _mm256_add_epi32(
        _mm256_madd_epi16(broadcast_four(sums), load_pairs(leasts[2 * block], half)),
        _mm256_madd_epi16(broadcast_four(sums + 1), load_pairs(leasts[2 * block + 1], half)));
    const __m256 scale = _mm256_broadcast_ss(activations.scales + block);
    return _mm256_fmadd_ps(_mm256_cvtepi32_ps(both), scale, sum);
  }
}

/// Adds a superblock's partial sums in the superblock's own scales.
template <class Format>
SQUALL_AVX2 inline __m256 add_partial(const SuperblockScales& scales, std::size_t half,
                                      __m256 partial, __m256 sum) {
  if constexpr (Format::shape.halves == 0) return _mm256_add_ps(sum, partial);
  return _mm256_fmadd_ps(_mm256_load_ps(scales.scale + half * lanes), partial, sum);
}

template <class Format>
SQUALL_AVX2 inline __m256 subtract_leasts(const SuperblockScales& scales, std::size_t half,
                                          __m256 leasts, __m256 sum) {
  return _mm256_fnmadd_ps(_mm256_load_ps(scales.least + half * lanes), leasts, sum);
}

template <class Format>
SQUALL_AVX2 inline void prefetch_words(const std::byte* words, std::size_t step, std::size_t j) {
  constexpr std::size_t iterations = blocks_of_superblock / Format::blocks_of_step * fours_of_block;
  constexpr std::size_t lines = (Format::shape.words + iterations - 1) / iterations;
  const std::size_t first = (step * fours_of_block + j) * lines;
#pragma GCC unroll 4
  for (std::size_t line = first; line < first + lines; ++line) {
    _mm_prefetch(reinterpret_cast<const char*>(words + prefetch_distance + line * 64), _MM_HINT_T0);
  }
}

/// One superblock of 8 rows times one column, added to `sums`.
template <class Format, std::size_t half>
SQUALL_AVX2 __attribute__((noinline)) void stream_superblock(
    const std::byte* words, const SuperblockScales& scales, const QuantizedActivations& activations,
    std::size_t blocks, float* sums) {
  constexpr std::size_t width = Format::blocks_of_step;
  __m256 partial = _mm256_setzero_ps();
  for (std::size_t step = 0; step * width < blocks; ++step) {
    __m256i sums_of_fours[width];
    __m256i products[width];
#pragma GCC unroll 8
    for (std::size_t j = 0; j < fours_of_block; ++j) {
      if constexpr (half == 0) prefetch_words<Format>(words, step, j);
      __m256i quants[width];
      Format::load(words, step, j, half, quants);
#pragma GCC unroll 4
      for (std::size_t i = 0; i < width; ++i) {
        const std::size_t block = step * width + i;
        const __m256i four = broadcast_four(activations.quants + block * 32 + j * 4);
        add_four<Format>(quants[i], four, scales.groups, activations, block, j, half,
                         sums_of_fours[i], products[i]);
      }
    }
#pragma GCC unroll 4
    for (std::size_t i = 0; i < width; ++i) {
      add_block<Format>(products[i], activations, step * width + i, partial);
    }
  }
  __m256 sum = _mm256_load_ps(sums + half * lanes);
  sum = add_partial<Format>(scales, half, partial, sum);
  if constexpr (has_least<Format>) {
    __m256 leasts = _mm256_setzero_ps();
    for (std::size_t block = 0; block < blocks; ++block) {
      leasts = add_least<Format>(scales.groups, activations, block, half, leasts);
    }
    sum = subtract_leasts<Format>(scales, half, leasts, sum);
  }
  _mm256_store_ps(sums + half * lanes, sum);
}

template <class Format>
SQUALL_AVX2 inline void unpack_superblock(const std::byte* words, UnpackedSuperblock& unpacked) {
  constexpr std::size_t width = Format::blocks_of_step;
  for (std::size_t half = 0; half < halves_of_word; ++half) {
    for (std::size_t step = 0; step < blocks_of_superblock / width; ++step) {
#pragma GCC unroll 8
      for (std::size_t j = 0; j < fours_of_block; ++j) {
        if (half == 0) prefetch_words<Format>(words, step, j);
        __m256i quants[width];
        Format::load(words, step, j, half, quants);
#pragma GCC unroll 4
        for (std::size_t i = 0; i < width; ++i) {
          std::uint8_t* place = unpacked.quants[(step * width + i) * fours_of_block + j];
          _mm256_store_si256(reinterpret_cast<__m256i*>(place) + half, quants[i]);
        }
      }
    }
  }
}

/// The products of one block: 16 rows times `Columns` columns.
template <class Format, std::size_t Columns>
SQUALL_AVX2 inline void multiply_block(const UnpackedSuperblock& unpacked,
                                       const QuantizedActivations* activations, std::size_t block,
                                       __m256i (&products)[halves_of_word][Columns]) {
  __m256i sums[halves_of_word][Columns];
#pragma GCC unroll 8
  for (std::size_t j = 0; j < fours_of_block; ++j) {
    const auto* place =
        reinterpret_cast<const __m256i*>(unpacked.quants[block * fours_of_block + j]);
    const __m256i quants[halves_of_word] = {_mm256_load_si256(place), _mm256_load_si256(place + 1)};
#pragma GCC unroll 4
    for (std::size_t c = 0; c < Columns; ++c) {
      const __m256i four = broadcast_four(activations[c].quants + block * 32 + j * 4);
#pragma GCC unroll 2
      for (std::size_t half = 0; half < halves_of_word; ++half) {
        add_four<Format>(quants[half], four, unpacked.scales.groups, activations[c], block, j, half,
                         sums[half][c], products[half][c]);
      }
    }
  }
}

template <std::size_t Columns>
using TileSums = __m256[halves_of_word][Columns];

template <std::size_t Columns>
SQUALL_AVX2 inline void clear(TileSums<Columns>& sums) {
#pragma GCC unroll 4
  for (std::size_t c = 0; c < Columns; ++c) {
#pragma GCC unroll 2
    for (std::size_t half = 0; half < halves_of_word; ++half) sums[half][c] = _mm256_setzero_ps();
  }
}

/// The least values of a superblock's groups times the sums of activations.
template <class Format, std::size_t Columns>
SQUALL_AVX2 inline void multiply_leasts(const GroupScales& scales,
                                        const QuantizedActivations* activations, std::size_t blocks,
                                        TileSums<Columns>& leasts) {
  clear<Columns>(leasts);
  for (std::size_t block = 0; block < blocks; ++block) {
#pragma GCC unroll 4
    for (std::size_t c = 0; c < Columns; ++c) {
#pragma GCC unroll 2
      for (std::size_t half = 0; half < halves_of_word; ++half) {
        leasts[half][c] = add_least<Format>(scales, activations[c], block, half, leasts[half][c]);
      }
    }
  }
}

/// One unpacked superblock of 16 rows times `Columns` columns, added to `sums`.
template <class Format, std::size_t Columns>
SQUALL_AVX2 __attribute__((noinline)) void multiply_tile(const UnpackedSuperblock& unpacked,
                                                         const QuantizedActivations* activations,
                                                         std::size_t blocks,
                                                         float (*sums)[rows_of_word]) {
  TileSums<Columns> partials;
  clear<Columns>(partials);
  for (std::size_t block = 0; block < blocks; ++block) {
    __m256i products[halves_of_word][Columns];
    multiply_block<Format, Columns>(unpacked, activations, block, products);
#pragma GCC unroll 4
    for (std::size_t c = 0; c < Columns; ++c) {
#pragma GCC unroll 2
      for (std::size_t half = 0; half < halves_of_word; ++half) {
        add_block<Format>(products[half][c], activations[c], block, partials[half][c]);
      }
    }
  }
  const SuperblockScales& scales = unpacked.scales;
#pragma GCC unroll 4
  for (std::size_t c = 0; c < Columns; ++c) {
#pragma GCC unroll 2
    for (std::size_t half = 0; half < halves_of_word; ++half) {
      float* place = sums[c] + half * lanes;
      const __m256 sum = _mm256_load_ps(place);
      _mm256_store_ps(place, add_partial<Format>(scales, half, partials[half][c], sum));
    }
  }
  if constexpr (has_least<Format>) {
    TileSums<Columns> leasts;
    multiply_leasts<Format, Columns>(scales.groups, activations, blocks, leasts);
#pragma GCC unroll 4
    for (std::size_t c = 0; c < Columns; ++c) {
#pragma GCC unroll 2
      for (std::size_t half = 0; half < halves_of_word; ++half) {
        float* place = sums[c] + half * lanes;
        const __m256 sum = _mm256_load_ps(place);
        _mm256_store_ps(place, subtract_leasts<Format>(scales, half, leasts[half][c], sum));
      }
    }
  }
}

template <class Format>
SQUALL_AVX2 void multiply_tiles(const UnpackedSuperblock& unpacked,
                                const QuantizedActivations* activations, std::size_t columns,
                                std::size_t blocks, float (*sums)[rows_of_word]) {
  std::size_t c = 0;
  for (; c + 4 <= columns; c += 4) {
    multiply_tile<Format, 4>(unpacked, activations + c, blocks, sums + c);
  }
  for (; c + 2 <= columns; c += 2) {
    multiply_tile<Format, 2>(unpacked, activations + c, blocks, sums + c);
  }
  if (c < columns) multiply_tile<Format, 1>(unpacked, activations + c, blocks, sums + c);
}

/// Sums of 16 rows and some columns, as they grow from superblock to superblock.
struct GroupSums {
  alignas(64) float sums[most_columns][rows_of_word];
};

/// 16 rows, packed at `group`, times the task's columns from `first` on, at most `most_columns`.
template <class Format>
SQUALL_AVX2 void multiply_group(const MultiplyTask& task, const std::byte* group, std::size_t first,
                                std::size_t columns, GroupSums& result) {
  constexpr std::size_t half_bytes = Format::shape.halves * rows_of_word * 2;
  const std::byte* words = group + Format::shape.bytes_of_halves(task.columns);
  QuantizedActivations activations[most_columns];  // of the superblock
  for (std::size_t c = 0; c < columns; ++c) {
    activations[c] = quantized_activations(task.activations + (first + c) * task.activation_stride,
                                           task.columns);
  }
  std::memset(result.sums, 0, columns * sizeof result.sums[0]);
  UnpackedSuperblock unpacked;
  for (std::size_t k = 0; k < Format::shape.superblocks(task.columns); ++k) {
    const std::size_t rest = (task.columns - k * values_of_superblock) / activations_per_block;
    const std::size_t blocks = std::min(rest, blocks_of_superblock);
    load_all_scales<Format>(group + k * half_bytes, words, unpacked.scales);
    if (columns == 1) {
      float* sums = result.sums[0];
      stream_superblock<Format, 0>(words, unpacked.scales, activations[0], blocks, sums);
      stream_superblock<Format, 1>(words, unpacked.scales, activations[0], blocks, sums);
    } else {
      unpack_superblock<Format>(words, unpacked);
      multiply_tiles<Format>(unpacked, activations, columns, blocks, result.sums);
    }
    words += Format::shape.words * bytes_of_words;
    for (std::size_t c = 0; c < columns; ++c) next_superblock(activations[c]);
  }
}

template <class Format>
void multiply(const MultiplyTask& task) {
  const std::size_t group_bytes = Format::shape.group_bytes(task.columns);
  GroupSums result;
  for (std::size_t row = 0; row < task.rows; row += rows_of_word) {
    const std::byte* group = task.weights + row / rows_of_word * group_bytes;
    const std::size_t rows = std::min(rows_of_word, task.rows - row);
    for (std::size_t first = 0; first < task.batch; first += most_columns) {
      const std::size_t columns = std::min(most_columns, task.batch - first);
      multiply_group<Format>(task, group, first, columns, result);
      for (std::size_t c = 0; c < columns; ++c) {
        float* output = task.output + (first + c) * task.output_stride + row;
        std::copy_n(result.sums[c], rows, output);
      }
    }
  }
}

}  // namespace

void multiply_q2_k(const MultiplyTask& task) { multiply<Q2_K>(task); }
void multiply_q3_k(const MultiplyTask& task) { multiply<Q3_K>(task); }
void multiply_q4_k(const MultiplyTask& task) { multiply<Q4_K>(task); }
void multiply_q5_k(const MultiplyTask& task) { multiply<Q5_K>(task); }
void multiply_q6_k(const MultiplyTask& task) { multiply<Q6_K>(task); }
void multiply_ternary(const MultiplyTask& task) { multiply<Ternary<shape_of_ternary>>(task); }
void multiply_i2_s(const MultiplyTask& task) { multiply<Ternary<shape_of_i2_s>>(task); }

}  // namespace squall::kernels::avx2

#endif
