// Matrix multiplication with AVX2: tiles of a few weight rows times a few columns of the batch.
//
// A tile loads each weight once for all its columns and each activation once for all its rows, and
// keeps its sums in registers. Its shape changes no result: each sum is built in the same order.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "kernels/cpu/avx2.hpp"

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

struct BF16 {
  static constexpr std::size_t bytes = 2;
  SQUALL_AVX2 static __m256 load(const std::byte* weights) {
    const __m128i upper_halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(upper_halves), 16));
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
    // Two narrower tiles rather than a single column that remains.
    for (; column + Widest <= task.batch && column + Widest + 1 != task.batch; column += Widest) {
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

}  // namespace

void multiply_f32(const MultiplyTask& task) { multiply_tiles<FloatTile<F32>::Of, 3>(task); }
void multiply_f16(const MultiplyTask& task) { multiply_tiles<FloatTile<F16>::Of, 3>(task); }
void multiply_bf16(const MultiplyTask& task) { multiply_tiles<FloatTile<BF16>::Of, 3>(task); }

}  // namespace squall::kernels::avx2

#endif
