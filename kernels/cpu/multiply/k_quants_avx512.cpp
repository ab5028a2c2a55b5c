// K-quants and ternary weights on AVX-512 VNNI: as k_quants_avx2.cpp, with all 16 rows in a vector
// and an instruction that adds up fours in 32 bits, where nothing overflows: a group's sum is at
// most 32 * 63 * 127. A group is then added as a float, in its scale and that of the activations.

#include "kernels/cpu/multiply/k_quants_avx512.hpp"

#include <algorithm>
#include <cstring>

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

#include "kernels/cpu/multiply/k_quants_avx2_words.hpp"
#include "kernels/cpu/multiply/quantized_activations.hpp"

namespace squall::kernels::avx512 {
namespace {

using avx2::GroupScales;
using avx2::has_least;
using avx2::Least;
using avx2::SuperblockScales;

constexpr std::size_t most_columns = 32;  // multiplied with one unpacked superblock

/// Memory is read this far ahead: some hundred nanoseconds at the pace of one core.
constexpr std::size_t prefetch_distance = 4096;

SQUALL_AVX512_VNNI inline __m512i load_word(const std::byte* words, std::size_t word) {
  return _mm512_load_si512(words + word * bytes_of_words);
}

SQUALL_AVX512_VNNI inline __m512i masked(__m512i bytes, int mask) {
  return _mm512_and_si512(bytes, _mm512_set1_epi8(static_cast<char>(mask)));
}

template <int count>
SQUALL_AVX512_VNNI inline __m512i shifted_right(__m512i bytes) {
  return _mm512_srli_epi16(bytes, count);
}

template <int count>
SQUALL_AVX512_VNNI inline __m512i shifted_left(__m512i bytes) {
  return _mm512_slli_epi16(bytes, count);
}

SQUALL_AVX512_VNNI inline __m512i shifted_right_by(__m512i bytes, std::size_t count) {
  return _mm512_srl_epi16(bytes, _mm_cvtsi32_si128(static_cast<int>(count)));
}

/// The four 2-bit fields of each byte.
SQUALL_AVX512_VNNI inline void split_fields(__m512i word, __m512i (&quants)[4]) {
  quants[0] = masked(word, 3);
  quants[1] = masked(shifted_right<2>(word), 3);
  quants[2] = masked(shifted_right<4>(word), 3);
  quants[3] = masked(shifted_right<6>(word), 3);
}

// The formats of k_quants_avx2_words.hpp, with their quants loaded for 16 rows.

struct Q2_K : avx2::Q2_K {
  SQUALL_AVX512_VNNI static void load(const std::byte* words, std::size_t step, std::size_t j,
                                      __m512i (&quants)[4]) {
    split_fields(load_word(words, 4 + 8 * step + j), quants);
  }
};

struct Q3_K : avx2::Q3_K {
  SQUALL_AVX512_VNNI static void load(const std::byte* words, std::size_t step, std::size_t j,
                                      __m512i (&quants)[4]) {
    split_fields(load_word(words, 8 + 8 * step + j), quants);
    const __m512i thirds = shifted_right_by(load_word(words, j), 4 * step);
    quants[0] = _mm512_or_si512(quants[0], masked(shifted_left<2>(thirds), 4));
    quants[1] = _mm512_or_si512(quants[1], masked(shifted_left<1>(thirds), 4));
    quants[2] = _mm512_or_si512(quants[2], masked(thirds, 4));
    quants[3] = _mm512_or_si512(quants[3], masked(shifted_right<1>(thirds), 4));
  }
};

struct Q4_K : avx2::Q4_K {
  SQUALL_AVX512_VNNI static void load(const std::byte* words, std::size_t step, std::size_t j,
                                      __m512i (&quants)[2]) {
    const __m512i nibbles = load_word(words, 3 + 8 * step + j);
    quants[0] = masked(nibbles, 15);
    quants[1] = masked(shifted_right<4>(nibbles), 15);
  }
};

struct Q5_K : avx2::Q5_K {
  SQUALL_AVX512_VNNI static void load(const std::byte* words, std::size_t step, std::size_t j,
                                      __m512i (&quants)[2]) {
    const __m512i nibbles = load_word(words, 11 + 8 * step + j);
    const __m512i fifths = shifted_right_by(load_word(words, 3 + j), 2 * step);
    quants[0] = _mm512_or_si512(masked(nibbles, 15), masked(shifted_left<4>(fifths), 16));
    quants[1] =
        _mm512_or_si512(masked(shifted_right<4>(nibbles), 15), masked(shifted_left<3>(fifths), 16));
  }
};

struct Q6_K : avx2::Q6_K {
  SQUALL_AVX512_VNNI static void load(const std::byte* words, std::size_t step, std::size_t j,
                                      __m512i (&quants)[4]) {
    const __m512i low = load_word(words, 16 * step + j);
    const __m512i next = load_word(words, 16 * step + 8 + j);
    const __m512i upper = load_word(words, 32 + 8 * step + j);
    quants[0] = _mm512_or_si512(masked(low, 15), masked(shifted_left<4>(upper), 0x30));
    quants[1] = _mm512_or_si512(masked(next, 15), masked(shifted_left<2>(upper), 0x30));
    quants[2] = _mm512_or_si512(masked(shifted_right<4>(low), 15), masked(upper, 0x30));
    quants[3] =
        _mm512_or_si512(masked(shifted_right<4>(next), 15), masked(shifted_right<2>(upper), 0x30));
  }
};

template <const SuperblockShape& shape_of_format>
struct Ternary : avx2::Ternary<shape_of_format> {
  SQUALL_AVX512_VNNI static void load(const std::byte* words, std::size_t step, std::size_t j,
                                      __m512i (&quants)[4]) {
    split_fields(load_word(words, 8 * step + j), quants);
  }
};

struct UnpackedSuperblock {
  alignas(64) std::uint8_t quants[blocks_of_superblock * fours_of_block][bytes_of_words];
  SuperblockScales scales;
};

SQUALL_AVX512_VNNI inline __m512i broadcast_four(const void* four_bytes) {
  std::int32_t four = 0;
  std::memcpy(&four, four_bytes, sizeof four);
  return _mm512_set1_epi32(four);
}

template <class Format>
constexpr std::size_t fours_of_group = Format::values_of_group == 16 ? 4 : 8;

/// What a sum starts with: the offset of the quants times the sum of the group's activations.
template <class Format>
SQUALL_AVX512_VNNI inline __m512i start_of_group(const QuantizedActivations& activations,
                                                 std::size_t group) {
  if constexpr (Format::offset_bits > 0) {
    const __m512i offset = _mm512_set1_epi16(-(1 << Format::offset_bits));
    return _mm512_madd_epi16(broadcast_four(activations.pair_sums + group), offset);
  } else if constexpr (Format::least == Least::ternary) {
    return _mm512_set1_epi32(-activations.sums[group]);
  } else {
    return _mm512_setzero_si512();
  }
}

/// The scale of a group, as floats: of each pair of equal numbers the first.
template <class Format>
SQUALL_AVX512_VNNI inline __m512 scale_of_group(const GroupScales& scales, std::size_t group) {
  const __m512i pairs = _mm512_load_si512(scales.scales[group]);
  return _mm512_cvtepi32_ps(_mm512_madd_epi16(pairs, _mm512_set1_epi32(1)));
}

template <class Format>
SQUALL_AVX512_VNNI inline __m512 add_group(__m512i products, __m512 scale, float activation_scale,
                                           __m512 sum) {
  __m512 factor = _mm512_set1_ps(activation_scale);
  if constexpr (Format::least != Least::ternary) factor = _mm512_mul_ps(scale, factor);
  return _mm512_fmadd_ps(_mm512_cvtepi32_ps(products), factor, sum);
}

/// Adds what the least values of a block make of the activations.
template <class Format>
SQUALL_AVX512_VNNI inline __m512 add_least(const GroupScales& scales,
                                           const QuantizedActivations& activations,
                                           std::size_t block, __m512 sum) {
  if constexpr (Format::least == Least::of_32) {
    return _mm512_fmadd_ps(_mm512_load_ps(scales.leasts_of_32[block]),
                           _mm512_set1_ps(activations.scaled_sums[block]), sum);
  } else {
    const PairSums* sums = activations.pair_sums + 2 * block;
    const auto& leasts = scales.leasts_of_16;
    const __m512i first =
        _mm512_madd_epi16(broadcast_four(sums), _mm512_load_si512(leasts[2 * block]));
    const __m512i second =
        _mm512_madd_epi16(broadcast_four(sums + 1), _mm512_load_si512(leasts[2 * block + 1]));
    const __m512 both = _mm512_cvtepi32_ps(_mm512_add_epi32(first, second));
    return _mm512_fmadd_ps(both, _mm512_set1_ps(activations.scales[block]), sum);
  }
}

/// Adds a superblock, in its own scales, to what the others made.
template <class Format>
SQUALL_AVX512_VNNI inline void add_superblock(const SuperblockScales& scales, __m512 partial,
                                              const QuantizedActivations& activations,
                                              std::size_t blocks, float* place) {
  __m512 sum = _mm512_load_ps(place);
  if constexpr (Format::shape.halves == 0) {
    sum = _mm512_add_ps(sum, partial);
  } else {
    sum = _mm512_fmadd_ps(_mm512_load_ps(scales.scale), partial, sum);
  }
  if constexpr (has_least<Format>) {
    __m512 leasts = _mm512_setzero_ps();
    for (std::size_t block = 0; block < blocks; ++block) {
      leasts = add_least<Format>(scales.groups, activations, block, leasts);
    }
    sum = _mm512_fnmadd_ps(_mm512_load_ps(scales.least), leasts, sum);
  }
  _mm512_store_ps(place, sum);
}

template <class Format>
SQUALL_AVX512_VNNI inline void prefetch_words(const std::byte* words, std::size_t step,
                                              std::size_t j) {
  constexpr std::size_t iterations = blocks_of_superblock / Format::blocks_of_step * fours_of_block;
  constexpr std::size_t lines = (Format::shape.words + iterations - 1) / iterations;
  const std::size_t first = (step * fours_of_block + j) * lines;
#pragma GCC unroll 4
  for (std::size_t line = first; line < first + lines; ++line) {
    _mm_prefetch(reinterpret_cast<const char*>(words + prefetch_distance + line * 64), _MM_HINT_T0);
  }
}

/// One superblock of 16 rows times one column, added to `sums`.
template <class Format>
SQUALL_AVX512_VNNI __attribute__((noinline)) void stream_superblock(
    const std::byte* words, const SuperblockScales& scales, const QuantizedActivations& activations,
    std::size_t blocks, float* sums) {
  constexpr std::size_t width = Format::blocks_of_step;
  constexpr std::size_t fours = fours_of_group<Format>;
  constexpr std::size_t groups_of_block = fours_of_block / fours;
  __m512 partial = _mm512_setzero_ps();
  for (std::size_t step = 0; step * width < blocks; ++step) {
    __m512i products[width][groups_of_block];
#pragma GCC unroll 8
    for (std::size_t j = 0; j < fours_of_block; ++j) {
      prefetch_words<Format>(words, step, j);
      __m512i quants[width];
      Format::load(words, step, j, quants);
#pragma GCC unroll 4
      for (std::size_t i = 0; i < width; ++i) {
        const std::size_t block = step * width + i;
        __m512i& product = products[i][j / fours];
        if (j % fours == 0) {
          product = start_of_group<Format>(activations, block * groups_of_block + j / fours);
        }
        const __m512i four = broadcast_four(activations.quants + block * 32 + j * 4);
        product = _mm512_dpbusd_epi32(product, quants[i], four);
      }
    }
#pragma GCC unroll 4
    for (std::size_t i = 0; i < width; ++i) {
      const std::size_t block = step * width + i;
#pragma GCC unroll 2
      for (std::size_t g = 0; g < groups_of_block; ++g) {
        const __m512 scale = scale_of_group<Format>(scales.groups, block * groups_of_block + g);
        partial = add_group<Format>(products[i][g], scale, activations.scales[block], partial);
      }
    }
  }
  add_superblock<Format>(scales, partial, activations, blocks, sums);
}

template <class Format>
SQUALL_AVX512_VNNI inline void unpack_superblock(const std::byte* words,
                                                 UnpackedSuperblock& unpacked) {
  constexpr std::size_t width = Format::blocks_of_step;
  for (std::size_t step = 0; step < blocks_of_superblock / width; ++step) {
#pragma GCC unroll 8
    for (std::size_t j = 0; j < fours_of_block; ++j) {
      prefetch_words<Format>(words, step, j);
      __m512i quants[width];
      Format::load(words, step, j, quants);
#pragma GCC unroll 4
      for (std::size_t i = 0; i < width; ++i) {
        _mm512_store_si512(unpacked.quants[(step * width + i) * fours_of_block + j], quants[i]);
      }
    }
  }
}

/// One unpacked superblock of 16 rows times `Columns` columns, added to `sums`.
template <class Format, std::size_t Columns>
SQUALL_AVX512_VNNI __attribute__((noinline)) void multiply_tile(
    const UnpackedSuperblock& unpacked, const QuantizedActivations* activations, std::size_t blocks,
    float (*sums)[rows_of_word]) {
  constexpr std::size_t fours = fours_of_group<Format>;
  constexpr std::size_t groups_of_block = fours_of_block / fours;
  __m512 partials[Columns];
#pragma GCC unroll 8
  for (std::size_t c = 0; c < Columns; ++c) partials[c] = _mm512_setzero_ps();
  for (std::size_t group = 0; group < blocks * groups_of_block; ++group) {
    __m512i products[Columns];
#pragma GCC unroll 8
    for (std::size_t c = 0; c < Columns; ++c) {
      products[c] = start_of_group<Format>(activations[c], group);
    }
#pragma GCC unroll 8
    for (std::size_t j = 0; j < fours; ++j) {
      const __m512i quants = _mm512_load_si512(unpacked.quants[group * fours + j]);
#pragma GCC unroll 8
      for (std::size_t c = 0; c < Columns; ++c) {
        const __m512i four = broadcast_four(activations[c].quants + (group * fours + j) * 4);
        products[c] = _mm512_dpbusd_epi32(products[c], quants, four);
      }
    }
    const __m512 scale = scale_of_group<Format>(unpacked.scales.groups, group);
#pragma GCC unroll 8
    for (std::size_t c = 0; c < Columns; ++c) {
      const float of_activations = activations[c].scales[group / groups_of_block];
      partials[c] = add_group<Format>(products[c], scale, of_activations, partials[c]);
    }
  }
#pragma GCC unroll 8
  for (std::size_t c = 0; c < Columns; ++c) {
    add_superblock<Format>(unpacked.scales, partials[c], activations[c], blocks, sums[c]);
  }
}

template <class Format>
void multiply_tiles(const UnpackedSuperblock& unpacked, const QuantizedActivations* activations,
                    std::size_t columns, std::size_t blocks, float (*sums)[rows_of_word]) {
  std::size_t c = 0;
  for (; c + 8 <= columns; c += 8) {
    multiply_tile<Format, 8>(unpacked, activations + c, blocks, sums + c);
  }
  for (; c + 4 <= columns; c += 4) {
    multiply_tile<Format, 4>(unpacked, activations + c, blocks, sums + c);
  }
  for (; c < columns; ++c) multiply_tile<Format, 1>(unpacked, activations + c, blocks, sums + c);
}

/// Sums of 16 rows and some columns, as they grow from superblock to superblock.
struct GroupSums {
  alignas(64) float sums[most_columns][rows_of_word];
};

/// 16 rows, packed at `group`, times the task's columns from `first` on, at most `most_columns`.
template <class Format>
SQUALL_AVX512_VNNI void multiply_group(const MultiplyTask& task, const std::byte* group,
                                       std::size_t first, std::size_t columns, GroupSums& result) {
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
    avx2::load_all_scales<Format>(group + k * half_bytes, words, unpacked.scales);
    if (columns == 1) {
      stream_superblock<Format>(words, unpacked.scales, activations[0], blocks, result.sums[0]);
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

}  // namespace squall::kernels::avx512

#endif
