// AVX-512 VNNI kernels: one instruction multiplies 64 unsigned by 64 signed bytes and adds up
// fours. Multiplies the quantized formats; AVX2 does the rest, which memory or other units limit
// anyway.
//
// Weights become unsigned by adding 128 (q8_0) or are stored so (q4_0, offset 8); what the offset
// adds to a sum, offset times the sum of the activations, is the sum's starting value, negated.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "kernels/cpu/avx2.hpp"
#include "kernels/cpu/kernel_table.hpp"
#include "kernels/cpu/quantized_activations.hpp"

#if defined(__x86_64__)

// GCC 12 takes the deliberately undefined operands inside its own header for mistakes.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#define SQUALL_AVX512_VNNI \
  __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512vnni")))

namespace squall::kernels {
namespace {

constexpr std::size_t rows_of_a_tile = 8;
constexpr std::size_t pairs_of_a_tile = rows_of_a_tile / 2;
using TileRows = std::array<const std::byte*, rows_of_a_tile>;

SQUALL_AVX512_VNNI inline __m256i load_256(const std::byte* bytes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
}

/// `low` in lanes 0 to 7, `high` in lanes 8 to 15.
SQUALL_AVX512_VNNI inline __m512i join(__m256i low, __m256i high) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

struct Q8_0 {
  using Block = BlockQ8_0;
  // Each of a row's 8 lanes bears an eighth of the offset's share: 128 * sum / 8.
  static constexpr std::int32_t offset_of_a_lane = 16;
  /// The block's quants plus 128, those of one row in each half.
  SQUALL_AVX512_VNNI static __m512i load(const std::byte* row, const std::byte* next_row) {
    constexpr std::size_t quants = offsetof(BlockQ8_0, quants);
    const __m512i both = join(load_256(row + quants), load_256(next_row + quants));
    return _mm512_xor_si512(both, _mm512_set1_epi8(-128));
  }
};

struct Q4_0 {
  using Block = BlockQ4_0;
  static constexpr std::int32_t offset_of_a_lane = 1;  // 8 * sum / 8
  /// The block's nibbles, those of one row in each half.
  SQUALL_AVX512_VNNI static __m512i load(const std::byte* row, const std::byte* next_row) {
    const __m512i packed = join(twice(row), twice(next_row));
    // The upper 128 bits of each half are to hold the high nibbles.
    const __m512i shifts = _mm512_setr_epi64(0, 0, 4, 4, 0, 0, 4, 4);
    return _mm512_and_si512(_mm512_srlv_epi64(packed, shifts), _mm512_set1_epi8(0x0F));
  }

 private:
  SQUALL_AVX512_VNNI static __m256i twice(const std::byte* block) {
    const std::byte* nibbles = block + offsetof(BlockQ4_0, nibbles);
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(nibbles)));
  }
};

/// The scales of one block in the 8 rows, one a lane.
SQUALL_AVX512_VNNI inline __m256 load_scales(const TileRows& rows, std::size_t offset) {
  alignas(16) std::uint16_t halves[rows_of_a_tile];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < rows_of_a_tile; ++r) {
    std::memcpy(&halves[r], rows[r] + offset, sizeof halves[r]);
  }
  return _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(halves)));
}

/// Lane 2 * pair in lanes 0 to 7, lane 2 * pair + 1 in lanes 8 to 15.
SQUALL_AVX512_VNNI inline __m512 spread_pair(__m256 scales, std::size_t pair) {
  const __m512i low = _mm512_set1_epi32(static_cast<int>(2 * pair));
  const __m512i lanes = _mm512_mask_add_epi32(low, 0xFF00, low, _mm512_set1_epi32(1));
  return _mm512_permutexvar_ps(lanes, _mm512_castps256_ps512(scales));
}

SQUALL_AVX512_VNNI inline float sum_of_lanes(__m256 vector) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(vector), _mm256_extractf128_ps(vector, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

template <std::size_t Columns>
SQUALL_AVX512_VNNI inline void store_sums(const MultiplyTask& task, std::size_t row,
                                          std::size_t column,
                                          const __m512 (&sums)[pairs_of_a_tile][Columns]) {
#pragma GCC unroll 4
  for (std::size_t p = 0; p < pairs_of_a_tile; ++p) {
#pragma GCC unroll 4
    for (std::size_t c = 0; c < Columns; ++c) {
      const std::size_t first = row + 2 * p;
      float* output = task.output + (column + c) * task.output_stride + first;
      const __m256 low = _mm512_castps512_ps256(sums[p][c]);
      const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(sums[p][c]), 1));
      if (first < task.rows) output[0] = sum_of_lanes(low);
      if (first + 1 < task.rows) output[1] = sum_of_lanes(high);
    }
  }
}

/// 8 rows, two a vector, times `Columns` of the batch; past the last row that row again, unstored.
template <class Format, std::size_t Columns>
SQUALL_AVX512_VNNI void multiply_tile(const MultiplyTask& task, std::size_t row,
                                      std::size_t column) {
  static_assert(offsetof(typename Format::Block, scale) == 0);
  constexpr std::size_t block_bytes = sizeof(typename Format::Block);
  const std::size_t blocks = task.columns / activations_per_block;
  const std::size_t row_bytes = blocks * block_bytes;
  TileRows rows;
  for (std::size_t r = 0; r < rows_of_a_tile; ++r) {
    rows[r] = task.weights + std::min(row + r, task.rows - 1) * row_bytes;
  }
  QuantizedActivations activations[Columns];
  __m512 sums[pairs_of_a_tile][Columns];
#pragma GCC unroll 4
  for (std::size_t c = 0; c < Columns; ++c) {
    activations[c] = quantized_activations(task.activations + (column + c) * task.activation_stride,
                                           task.columns);
#pragma GCC unroll 4
    for (std::size_t p = 0; p < pairs_of_a_tile; ++p) sums[p][c] = _mm512_setzero_ps();
  }
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t offset = block * block_bytes;
    const __m256 weight_scales = load_scales(rows, offset);
    __m512i quants[Columns];
    __m512i starts[Columns];
    __m256 scales[Columns];
#pragma GCC unroll 4
    for (std::size_t c = 0; c < Columns; ++c) {
      const QuantizedActivations& source = activations[c];
      quants[c] = _mm512_broadcast_i64x4(_mm256_load_si256(
          reinterpret_cast<const __m256i*>(source.quants + block * activations_per_block)));
      starts[c] = _mm512_set1_epi32(-Format::offset_of_a_lane * source.sums[block]);
      scales[c] = _mm256_mul_ps(weight_scales, _mm256_broadcast_ss(source.scales + block));
    }
#pragma GCC unroll 4
    for (std::size_t p = 0; p < pairs_of_a_tile; ++p) {
      const std::byte* block_of_row = rows[2 * p] + offset;
      const std::byte* block_of_next = rows[2 * p + 1] + offset;
      const __m512i weights = Format::load(block_of_row, block_of_next);
      if constexpr (Columns == 1) {
        // The same place of the tile after this one: its rows follow this tile's in memory.
        constexpr auto hint = _MM_HINT_T0;
        const std::size_t ahead = rows_of_a_tile * row_bytes;
        _mm_prefetch(reinterpret_cast<const char*>(block_of_row + ahead), hint);
        _mm_prefetch(reinterpret_cast<const char*>(block_of_next + ahead), hint);
      }
#pragma GCC unroll 4
      for (std::size_t c = 0; c < Columns; ++c) {
        const __m512i products = _mm512_dpbusd_epi32(starts[c], weights, quants[c]);
        sums[p][c] =
            _mm512_fmadd_ps(_mm512_cvtepi32_ps(products), spread_pair(scales[c], p), sums[p][c]);
      }
    }
  }
  store_sums(task, row, column, sums);
}

template <class Format>
void multiply(const MultiplyTask& task) {
  for (std::size_t row = 0; row < task.rows; row += rows_of_a_tile) {
    std::size_t column = 0;
    for (; column + 4 <= task.batch; column += 4) multiply_tile<Format, 4>(task, row, column);
    for (; column + 2 <= task.batch; column += 2) multiply_tile<Format, 2>(task, row, column);
    if (column < task.batch) multiply_tile<Format, 1>(task, row, column);
  }
}

bool runs_on(const CpuFeatures& features) { return features.avx512_vnni; }

}  // namespace

const KernelTable avx512_vnni_kernels = {
    .name = "avx512_vnni",
    .runs_on = runs_on,
    .multiply = {{{ActivationForm::exact, avx2::multiply_f32},
                  {ActivationForm::exact, avx2::multiply_f16},
                  {ActivationForm::int8_blocks, multiply<Q8_0>},
                  {ActivationForm::int8_blocks, multiply<Q4_0>}}},
    .quantize_activations = avx2::quantize_activations,
    .rms_norm = avx2::rms_norm,
    .attend = avx2::attend,
    .swiglu = avx2::swiglu,
};

}  // namespace squall::kernels

#endif
