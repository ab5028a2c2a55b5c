// Matrix multiplication with AVX2: tiles of a few weight rows times a few columns of the batch.
//
// A tile loads each weight once for all its columns and each activation once for all its rows, and
// keeps its sums in registers. Its shape changes no result: each sum is built in the same order.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "kernels/cpu/avx2.hpp"
#include "kernels/cpu/quantized_activations.hpp"

#if defined(__x86_64__)

#include "kernels/cpu/avx2_vectors.hpp"

namespace squall::kernels::avx2 {
namespace {

/// The rows of a tile; past the end of the matrix the last row again, whose sums are not stored.
template <std::size_t Rows>
std::array<const std::byte*, Rows> rows_of_tile(const MultiplyTask& task, std::size_t first,
                                                std::size_t row_bytes) {
  std::array<const std::byte*, Rows> rows;
  for (std::size_t r = 0; r < Rows; ++r) {
    rows[r] = task.weights + std::min(first + r, task.rows - 1) * row_bytes;
  }
  return rows;
}

SQUALL_AVX2 inline void prefetch(const std::byte* address) {
  _mm_prefetch(reinterpret_cast<const char*>(address), _MM_HINT_T0);
}

// Loops over a tile's sums are unrolled throughout: an array that is indexed by a variable even
// once lives in memory instead of registers.
template <std::size_t Rows, std::size_t Columns>
SQUALL_AVX2 inline void store_sums(const MultiplyTask& task, std::size_t row, std::size_t column,
                                   const __m256 (&sums)[Rows][Columns]) {
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
    for (std::size_t c = 0; c < Columns; ++c) {
      if (row + r >= task.rows) continue;
      task.output[(column + c) * task.output_stride + row + r] = sum_of_lanes(sums[r][c]);
    }
  }
}

struct F32 {
  static constexpr std::size_t bytes = 4;
  SQUALL_AVX2 static __m256 load(const std::byte* weights) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(weights));
  }
};

struct F16 {
  static constexpr std::size_t bytes = 2;
  SQUALL_AVX2 static __m256 load(const std::byte* weights) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(weights)));
  }
};

/// Fewer than 8 weights; zeros follow them.
template <class Weights>
SQUALL_AVX2 inline __m256 load_remainder(const std::byte* weights, std::size_t count) {
  std::array<std::byte, lanes * Weights::bytes> padded{};
  std::memcpy(padded.data(), weights, count * Weights::bytes);
  return Weights::load(padded.data());
}

template <class Weights, std::size_t Rows, std::size_t Columns>
SQUALL_AVX2 void multiply_float_tile(const MultiplyTask& task, std::size_t row,
                                     std::size_t column) {
  const auto rows = rows_of_tile<Rows>(task, row, task.columns * Weights::bytes);
  const float* activations[Columns];
  __m256 sums[Rows][Columns];
#pragma GCC unroll 8
  for (std::size_t c = 0; c < Columns; ++c) {
    activations[c] =
        reinterpret_cast<const float*>(task.activations + (column + c) * task.activation_stride);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) sums[r][c] = _mm256_setzero_ps();
  }
  std::size_t i = 0;
  for (; i + lanes <= task.columns; i += lanes) {
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
      const __m256 weights = Weights::load(rows[r] + i * Weights::bytes);
#pragma GCC unroll 8
      for (std::size_t c = 0; c < Columns; ++c) {
        sums[r][c] = _mm256_fmadd_ps(weights, _mm256_loadu_ps(activations[c] + i), sums[r][c]);
      }
    }
  }
  if (const std::size_t rest = task.columns - i; rest > 0) {
    const __m256i mask = first_lanes(rest);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
      const __m256 weights = load_remainder<Weights>(rows[r] + i * Weights::bytes, rest);
#pragma GCC unroll 8
      for (std::size_t c = 0; c < Columns; ++c) {
        sums[r][c] =
            _mm256_fmadd_ps(weights, _mm256_maskload_ps(activations[c] + i, mask), sums[r][c]);
      }
    }
  }
  store_sums(task, row, column, sums);
}

// The same block of two rows, 32 weights each, in two vectors: one row in each 128-bit half, the
// first 16 weights in `first`, the others in `second`. Activations are laid out to match, and the
// products of a pair are 4 partial sums for each of its rows. Multiplying unsigned by signed bytes,
// maddubs adds neighbouring products in 16 bits: what goes in must not overflow them.

SQUALL_AVX2 inline __m256i load_halves(const std::byte* low, const std::byte* high) {
  return _mm256_inserti128_si256(
      _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(low))),
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(high)), 1);
}

SQUALL_AVX2 inline __m256i load_twice(const std::int8_t* quants) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(quants)));
}

struct BlockActivations {
  __m256i first;
  __m256i second;
  __m256i sum;  // of the block's quants, in every lane
  __m256 scale;
};

SQUALL_AVX2 inline BlockActivations load_block(const QuantizedActivations& activations,
                                               std::size_t block) {
  const std::int8_t* quants = activations.quants + block * activations_per_block;
  return {.first = load_twice(quants),
          .second = load_twice(quants + 16),
          .sum = _mm256_set1_epi32(activations.sums[block]),
          .scale = _mm256_broadcast_ss(activations.scales + block)};
}

struct Q8_0 {
  using Block = BlockQ8_0;
  struct Weights {
    __m256i first;
    __m256i second;
  };
  SQUALL_AVX2 static Weights load(const std::byte* row, const std::byte* next_row) {
    constexpr std::size_t quants = offsetof(BlockQ8_0, quants);
    return {.first = load_halves(row + quants, next_row + quants),
            .second = load_halves(row + quants + 16, next_row + quants + 16)};
  }
  /// w * a = |w| * (a with w's sign); |w| <= 128, |a| <= 127: pairs stay below 2 * 16256.
  SQUALL_AVX2 static __m256i products(__m256i weights, __m256i activations) {
    const __m256i signed_activations = _mm256_sign_epi8(activations, weights);
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(weights), signed_activations);
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  }
  SQUALL_AVX2 static __m256i products(const Weights& weights, const BlockActivations& activations) {
    return _mm256_add_epi32(products(weights.first, activations.first),
                            products(weights.second, activations.second));
  }
};

struct Q4_0 {
  using Block = BlockQ4_0;
  struct Weights {  // nibbles 0..15, which stand for -8..7
    __m256i first;
    __m256i second;
  };
  SQUALL_AVX2 static Weights load(const std::byte* row, const std::byte* next_row) {
    constexpr std::size_t nibbles = offsetof(BlockQ4_0, nibbles);
    const __m256i packed = load_halves(row + nibbles, next_row + nibbles);
    const __m256i low_nibble = _mm256_set1_epi8(0x0F);
    return {.first = _mm256_and_si256(packed, low_nibble),
            .second = _mm256_and_si256(_mm256_srli_epi16(packed, 4), low_nibble)};
  }
  /// Four products stay below 4 * 15 * 127. The sum of (n - 8) * a is that of n * a, less 8 times
  /// the sum of a, of which each of a row's 4 lanes bears a quarter.
  SQUALL_AVX2 static __m256i products(const Weights& weights, const BlockActivations& activations) {
    const __m256i quads =
        _mm256_add_epi16(_mm256_maddubs_epi16(weights.first, activations.first),
                         _mm256_maddubs_epi16(weights.second, activations.second));
    return _mm256_sub_epi32(_mm256_madd_epi16(quads, _mm256_set1_epi16(1)),
                            _mm256_slli_epi32(activations.sum, 1));
  }
};

/// The scales of a block in two rows, each in its row's half.
SQUALL_AVX2 inline __m256 load_scales(const std::byte* row, const std::byte* next_row) {
  std::int16_t low = 0;
  std::int16_t high = 0;
  std::memcpy(&low, row, sizeof low);
  std::memcpy(&high, next_row, sizeof high);
  return _mm256_cvtph_ps(_mm_unpacklo_epi64(_mm_set1_epi16(low), _mm_set1_epi16(high)));
}

template <std::size_t Pairs, std::size_t Columns>
SQUALL_AVX2 inline void store_pair_sums(const MultiplyTask& task, std::size_t row,
                                        std::size_t column, const __m256 (&sums)[Pairs][Columns]) {
#pragma GCC unroll 8
  for (std::size_t p = 0; p < Pairs; ++p) {
#pragma GCC unroll 8
    for (std::size_t c = 0; c < Columns; ++c) {
      float* output = task.output + (column + c) * task.output_stride + row + 2 * p;
      if (row + 2 * p < task.rows) output[0] = sum_of_lanes(_mm256_castps256_ps128(sums[p][c]));
      if (row + 2 * p + 1 < task.rows) {
        output[1] = sum_of_lanes(_mm256_extractf128_ps(sums[p][c], 1));
      }
    }
  }
}

template <class Format, std::size_t Rows, std::size_t Columns>
SQUALL_AVX2 void multiply_block_tile(const MultiplyTask& task, std::size_t row,
                                     std::size_t column) {
  static_assert(offsetof(typename Format::Block, scale) == 0);
  constexpr std::size_t pairs = Rows / 2;
  constexpr std::size_t block_bytes = sizeof(typename Format::Block);
  const std::size_t blocks = task.columns / activations_per_block;
  const std::size_t row_bytes = blocks * block_bytes;
  const auto rows = rows_of_tile<Rows>(task, row, row_bytes);
  QuantizedActivations activations[Columns];
  __m256 sums[pairs][Columns];
#pragma GCC unroll 8
  for (std::size_t c = 0; c < Columns; ++c) {
    activations[c] = quantized_activations(task.activations + (column + c) * task.activation_stride,
                                           task.columns);
#pragma GCC unroll 8
    for (std::size_t p = 0; p < pairs; ++p) sums[p][c] = _mm256_setzero_ps();
  }
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t offset = block * block_bytes;
    typename Format::Weights weights[pairs];
    __m256 scales[pairs];
#pragma GCC unroll 8
    for (std::size_t p = 0; p < pairs; ++p) {
      const std::byte* block_of_row = rows[2 * p] + offset;
      const std::byte* block_of_next = rows[2 * p + 1] + offset;
      weights[p] = Format::load(block_of_row, block_of_next);
      scales[p] = load_scales(block_of_row, block_of_next);
      // The same place of the tile after this one: its rows follow this tile's in memory.
      if constexpr (Columns == 1) {
        prefetch(block_of_row + Rows * row_bytes);
        prefetch(block_of_next + Rows * row_bytes);
      }
    }
#pragma GCC unroll 8
    for (std::size_t c = 0; c < Columns; ++c) {
      const BlockActivations operand = load_block(activations[c], block);
#pragma GCC unroll 8
      for (std::size_t p = 0; p < pairs; ++p) {
        const __m256 products = _mm256_cvtepi32_ps(Format::products(weights[p], operand));
        sums[p][c] = _mm256_fmadd_ps(products, _mm256_mul_ps(scales[p], operand.scale), sums[p][c]);
      }
    }
  }
  store_pair_sums(task, row, column, sums);
}

/// Covers the task with tiles, Tile<Rows, Columns>::multiply. `Widest` is as many columns as a tile
/// of 4 rows has registers for: more of them spread the unpacking of weights over more products.
template <template <std::size_t, std::size_t> class Tile, std::size_t Widest>
void multiply_tiles(const MultiplyTask& task) {
  if (task.batch == 1) {  // streams weights: more rows at a time keep more loads under way
    for (std::size_t row = 0; row < task.rows; row += 8) Tile<8, 1>::multiply(task, row, 0);
    return;
  }
  for (std::size_t row = 0; row < task.rows; row += 4) {
    std::size_t column = 0;
    for (; column + Widest <= task.batch; column += Widest) {
      Tile<4, Widest>::multiply(task, row, column);
    }
    for (; column + 2 <= task.batch; column += 2) Tile<4, 2>::multiply(task, row, column);
    if (column < task.batch) Tile<4, 1>::multiply(task, row, column);
  }
}

template <class Weights>
struct FloatTile {
  template <std::size_t Rows, std::size_t Columns>
  struct Of {
    SQUALL_AVX2 static void multiply(const MultiplyTask& task, std::size_t row,
                                     std::size_t column) {
      multiply_float_tile<Weights, Rows, Columns>(task, row, column);
    }
  };
};

template <class Format>
struct BlockTile {
  template <std::size_t Rows, std::size_t Columns>
  struct Of {
    SQUALL_AVX2 static void multiply(const MultiplyTask& task, std::size_t row,
                                     std::size_t column) {
      multiply_block_tile<Format, Rows, Columns>(task, row, column);
    }
  };
};

}  // namespace

void multiply_f32(const MultiplyTask& task) { multiply_tiles<FloatTile<F32>::Of, 2>(task); }
void multiply_f16(const MultiplyTask& task) { multiply_tiles<FloatTile<F16>::Of, 2>(task); }
void multiply_q8_0(const MultiplyTask& task) { multiply_tiles<BlockTile<Q8_0>::Of, 4>(task); }
void multiply_q4_0(const MultiplyTask& task) { multiply_tiles<BlockTile<Q4_0>::Of, 4>(task); }

}  // namespace squall::kernels::avx2

#endif
