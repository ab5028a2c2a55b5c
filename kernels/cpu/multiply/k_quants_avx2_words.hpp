#pragma once
// What the words of k_quants_layout.hpp hold, format by format: quants as unsigned bytes and the
// scales of their groups, eight rows a vector.

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/avx2_vectors.hpp"
#include "kernels/cpu/multiply/k_quants_layout.hpp"

namespace squall::kernels::avx2 {

constexpr std::size_t halves_of_word = 2;  // rows 0 to 7, rows 8 to 15

/// Scales of one superblock, each in its row's lane.
struct GroupScales {
  alignas(64) std::int16_t scales[16][2 * rows_of_word];  // by group, each twice: for madd
  alignas(64) std::int16_t leasts_of_16[16][2 * rows_of_word];
  alignas(64) float leasts_of_32[8][rows_of_word];
};

/// What is subtracted from scale * quant.
enum class Least {
  none,
  of_32,   // the least value of the group, groups of 32
  of_16,   // likewise, groups of 16
  ternary  // 1 from each quant
};

/// A word of 8 of the 16 rows: half 0 or 1.
SQUALL_AVX2 inline __m256i load_word(const std::byte* words, std::size_t word, std::size_t half) {
  const std::byte* address = words + word * bytes_of_words + half * sizeof(__m256i);
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(address));
}

SQUALL_AVX2 inline __m256i masked(__m256i bytes, int mask) {
  return _mm256_and_si256(bytes, _mm256_set1_epi8(static_cast<char>(mask)));
}

template <int count>
SQUALL_AVX2 inline __m256i shifted_right(__m256i bytes) {
  return _mm256_srli_epi16(bytes, count);
}

template <int count>
SQUALL_AVX2 inline __m256i shifted_left(__m256i bytes) {
  return _mm256_slli_epi16(bytes, count);
}

/// Byte `index` of every four, twice, as 16 bits.
template <bool is_signed>
SQUALL_AVX2 inline __m256i doubled_byte(__m256i four_bytes, int index) {
  const __m256i first = _mm256_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12);
  const __m256i chosen = _mm256_add_epi32(first, _mm256_set1_epi32(index));
  const __m256i twice = _mm256_or_si256(chosen, _mm256_slli_epi32(chosen, 16));
  const __m256i zero = _mm256_set1_epi16(static_cast<short>(0x8000));
  if constexpr (is_signed) {  // in the upper byte, then shifted down
    const __m256i upper = _mm256_or_si256(_mm256_slli_epi16(twice, 8), _mm256_set1_epi16(0x0080));
    return _mm256_srai_epi16(_mm256_shuffle_epi8(four_bytes, upper), 8);
  } else {
    return _mm256_shuffle_epi8(four_bytes, _mm256_or_si256(twice, zero));
  }
}

template <bool is_signed>
SQUALL_AVX2 inline void store_doubled(__m256i four_groups, std::size_t half,
                                      std::int16_t (*groups)[2 * rows_of_word]) {
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(groups[g]) + half,
                       doubled_byte<is_signed>(four_groups, g));
  }
}

SQUALL_AVX2 inline void store_floats(__m256i four_groups, std::size_t half,
                                     float (*groups)[rows_of_word]) {
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g) {
    const __m256i group =
        _mm256_and_si256(_mm256_srli_epi32(four_groups, 8 * g), _mm256_set1_epi32(0xFF));
    _mm256_store_ps(groups[g] + half * lanes, _mm256_cvtepi32_ps(group));
  }
}

/// The four 2-bit fields of each byte.
SQUALL_AVX2 inline void split_fields(__m256i word, __m256i (&quants)[4]) {
  quants[0] = masked(word, 3);
  quants[1] = masked(shifted_right<2>(word), 3);
  quants[2] = masked(shifted_right<4>(word), 3);
  quants[3] = masked(shifted_right<6>(word), 3);
}

// Each format says how many blocks of 32 lie in the same words (a step), where the quants 4j to
// 4j + 3 of those blocks are, and how many products of such fours 16 bits can add up: a product is
// at most 2 * greatest quant * 127.

/// 4 * 2 * 3 * 127 = 3048
struct Q2_K {
  static constexpr SuperblockShape shape = shape_of_q2_k;
  static constexpr std::size_t blocks_of_step = 4;
  static constexpr std::size_t values_of_group = 16;
  static constexpr std::size_t fours_of_sum = 4;
  static constexpr int offset_bits = 0;
  static constexpr Least least = Least::of_16;

  SQUALL_AVX2 static void load(const std::byte* words, std::size_t step, std::size_t j,
                               std::size_t half, __m256i (&quants)[4]) {
    split_fields(load_word(words, 4 + 8 * step + j, half), quants);
  }
  SQUALL_AVX2 static void load_scales(const std::byte* words, std::size_t half,
                                      GroupScales& scales) {
    for (std::size_t w = 0; w < 4; ++w) {
      const __m256i both = load_word(words, w, half);
      store_doubled<false>(masked(both, 15), half, scales.scales + 4 * w);
      store_doubled<false>(masked(shifted_right<4>(both), 15), half, scales.leasts_of_16 + 4 * w);
    }
  }
};

/// 4 * 2 * 7 * 127 = 7112; less 4 * the sum of the activations.
struct Q3_K {
  static constexpr SuperblockShape shape = shape_of_q3_k;
  static constexpr std::size_t blocks_of_step = 4;
  static constexpr std::size_t values_of_group = 16;
  static constexpr std::size_t fours_of_sum = 4;
  static constexpr int offset_bits = 2;
  static constexpr Least least = Least::none;

  SQUALL_AVX2 static void load(const std::byte* words, std::size_t step, std::size_t j,
                               std::size_t half, __m256i (&quants)[4]) {
    split_fields(load_word(words, 8 + 8 * step + j, half), quants);
    // The thirds of this half of the values to bits 0 to 3 of the word.
    const __m128i down = _mm_cvtsi32_si128(static_cast<int>(4 * step));
    const __m256i thirds = _mm256_srl_epi16(load_word(words, j, half), down);
    quants[0] = _mm256_or_si256(quants[0], masked(shifted_left<2>(thirds), 4));
    quants[1] = _mm256_or_si256(quants[1], masked(shifted_left<1>(thirds), 4));
    quants[2] = _mm256_or_si256(quants[2], masked(thirds, 4));
    quants[3] = _mm256_or_si256(quants[3], masked(shifted_right<1>(thirds), 4));
  }
  SQUALL_AVX2 static void load_scales(const std::byte* words, std::size_t half,
                                      GroupScales& scales) {
    const __m256i low[2] = {load_word(words, 24, half), load_word(words, 25, half)};
    const __m256i upper = load_word(words, 26, half);
    const __m256i fours[4] = {
        _mm256_or_si256(masked(low[0], 15), masked(shifted_left<4>(upper), 0x30)),
        _mm256_or_si256(masked(low[1], 15), masked(shifted_left<2>(upper), 0x30)),
        _mm256_or_si256(masked(shifted_right<4>(low[0]), 15), masked(upper, 0x30)),
        _mm256_or_si256(masked(shifted_right<4>(low[1]), 15),
                        masked(shifted_right<2>(upper), 0x30))};
#pragma GCC unroll 4
    for (std::size_t w = 0; w < 4; ++w) {
      const __m256i centered = _mm256_sub_epi8(fours[w], _mm256_set1_epi8(32));
      store_doubled<true>(centered, half, scales.scales + 4 * w);
    }
  }
};

/// The 6-bit scales and leasts of q4_k and q5_k, in words 0 to 2.
SQUALL_AVX2 inline void load_six_bit_scales(const std::byte* words, std::size_t half,
                                            GroupScales& scales) {
  const __m256i first = load_word(words, 0, half);
  const __m256i second = load_word(words, 1, half);
  const __m256i third = load_word(words, 2, half);
  store_doubled<false>(masked(first, 63), half, scales.scales);
  store_doubled<false>(_mm256_or_si256(masked(third, 15), masked(shifted_right<2>(first), 0x30)),
                       half, scales.scales + 4);
  store_floats(masked(second, 63), half, scales.leasts_of_32);
  store_floats(
      _mm256_or_si256(masked(shifted_right<4>(third), 15), masked(shifted_right<2>(second), 0x30)),
      half, scales.leasts_of_32 + 4);
}

/// 8 * 2 * 15 * 127 = 30480
struct Q4_K {
  static constexpr SuperblockShape shape = shape_of_q4_k;
  static constexpr std::size_t blocks_of_step = 2;
  static constexpr std::size_t values_of_group = 32;
  static constexpr std::size_t fours_of_sum = 8;
  static constexpr int offset_bits = 0;
  static constexpr Least least = Least::of_32;

  SQUALL_AVX2 static void load(const std::byte* words, std::size_t step, std::size_t j,
                               std::size_t half, __m256i (&quants)[2]) {
    const __m256i nibbles = load_word(words, 3 + 8 * step + j, half);
    quants[0] = masked(nibbles, 15);
    quants[1] = masked(shifted_right<4>(nibbles), 15);
  }
  SQUALL_AVX2 static void load_scales(const std::byte* words, std::size_t half,
                                      GroupScales& scales) {
    load_six_bit_scales(words, half, scales);
  }
};

/// 4 * 2 * 31 * 127 = 31496
struct Q5_K {
  static constexpr SuperblockShape shape = shape_of_q5_k;
  static constexpr std::size_t blocks_of_step = 2;
  static constexpr std::size_t values_of_group = 32;
  static constexpr std::size_t fours_of_sum = 4;
  static constexpr int offset_bits = 0;
  static constexpr Least least = Least::of_32;

  SQUALL_AVX2 static void load(const std::byte* words, std::size_t step, std::size_t j,
                               std::size_t half, __m256i (&quants)[2]) {
    const __m256i nibbles = load_word(words, 11 + 8 * step + j, half);
    // The fifth bits of this step's two blocks to bits 0 and 1 of each byte.
    const __m128i down = _mm_cvtsi32_si128(static_cast<int>(2 * step));
    const __m256i fifths = _mm256_srl_epi16(load_word(words, 3 + j, half), down);
    quants[0] = _mm256_or_si256(masked(nibbles, 15), masked(shifted_left<4>(fifths), 16));
    quants[1] =
        _mm256_or_si256(masked(shifted_right<4>(nibbles), 15), masked(shifted_left<3>(fifths), 16));
  }
  SQUALL_AVX2 static void load_scales(const std::byte* words, std::size_t half,
                                      GroupScales& scales) {
    load_six_bit_scales(words, half, scales);
  }
};

/// A product is at most 2 * 63 * 127 = 16002. Four of them may wrap around, but once 32 * the sum
/// of their activations is subtracted, 8 * 32 * 127 = 32512 bounds what is left: it fits again.
struct Q6_K {
  static constexpr SuperblockShape shape = shape_of_q6_k;
  static constexpr std::size_t blocks_of_step = 4;
  static constexpr std::size_t values_of_group = 16;
  static constexpr std::size_t fours_of_sum = 4;
  static constexpr int offset_bits = 5;
  static constexpr Least least = Least::none;

  SQUALL_AVX2 static void load(const std::byte* words, std::size_t step, std::size_t j,
                               std::size_t half, __m256i (&quants)[4]) {
    const __m256i low = load_word(words, 16 * step + j, half);
    const __m256i next = load_word(words, 16 * step + 8 + j, half);
    const __m256i upper = load_word(words, 32 + 8 * step + j, half);
    quants[0] = _mm256_or_si256(masked(low, 15), masked(shifted_left<4>(upper), 0x30));
    quants[1] = _mm256_or_si256(masked(next, 15), masked(shifted_left<2>(upper), 0x30));
    quants[2] = _mm256_or_si256(masked(shifted_right<4>(low), 15), masked(upper, 0x30));
    quants[3] =
        _mm256_or_si256(masked(shifted_right<4>(next), 15), masked(shifted_right<2>(upper), 0x30));
  }
  SQUALL_AVX2 static void load_scales(const std::byte* words, std::size_t half,
                                      GroupScales& scales) {
    for (std::size_t w = 0; w < 4; ++w) {
      store_doubled<true>(load_word(words, 48 + w, half), half, scales.scales + 4 * w);
    }
  }
};

/// 8 * 2 * 2 * 127
template <const SuperblockShape& shape_of_format>
struct Ternary {
  static constexpr SuperblockShape shape = shape_of_format;
  static constexpr std::size_t blocks_of_step = 4;
  static constexpr std::size_t values_of_group = 256;
  static constexpr std::size_t fours_of_sum = 8;
  static constexpr int offset_bits = 0;
  static constexpr Least least = Least::ternary;

  SQUALL_AVX2 static void load(const std::byte* words, std::size_t step, std::size_t j,
                               std::size_t half, __m256i (&quants)[4]) {
    split_fields(load_word(words, 8 * step + j, half), quants);
  }
  SQUALL_AVX2 static void load_scales(const std::byte* /*words*/, std::size_t /*half*/,
                                      GroupScales& /*scales*/) {}
};

template <class Format>
constexpr bool has_least = Format::least == Least::of_16 || Format::least == Least::of_32;

/// All scales of a superblock of 16 rows.
struct SuperblockScales {
  GroupScales groups;
  alignas(64) float scale[rows_of_word];
  alignas(64) float least[rows_of_word];
};

SQUALL_AVX2 inline void widen_halves(const std::byte* halves, std::size_t half, float* floats) {
  const auto* source = reinterpret_cast<const __m128i*>(halves) + half;
  _mm256_store_ps(floats + half * lanes, _mm256_cvtph_ps(_mm_load_si128(source)));
}

/// `halves`: where those of the superblock's 16 rows begin.
template <class Format>
SQUALL_AVX2 inline void load_all_scales(const std::byte* halves, const std::byte* words,
                                        SuperblockScales& scales) {
  for (std::size_t half = 0; half < halves_of_word; ++half) {
    if constexpr (Format::shape.halves > 0) widen_halves(halves, half, scales.scale);
    if constexpr (Format::shape.halves > 1) {
      widen_halves(halves + rows_of_word * 2, half, scales.least);
    }
    Format::load_scales(words, half, scales.groups);
  }
}

}  // namespace squall::kernels::avx2
