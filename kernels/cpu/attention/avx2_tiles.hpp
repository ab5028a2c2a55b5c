#pragma once
// Products of small matrices for attention: rows of floats times eight columns a vector, from
// whatever form the right side is kept in.
//
// Both halves of attention are such products: queries times keys (a vector is 8 positions), and
// softmax weights times values (a vector is 8 dimensions). Each element of the output is a sum from
// the first to the last of `depth`, in a lane of its own.

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/attention/kv_page_layout.hpp"
#include "kernels/cpu/avx2_vectors.hpp"

namespace squall::kernels::avx2 {

// The right sides: load(k, v) gives vector v of row k as floats, prefetch(k, v) asks for the same
// place of what is read next, `ahead` bytes away.

SQUALL_AVX2 inline void prefetch(const void* address, std::ptrdiff_t ahead) {
  _mm_prefetch(static_cast<const char*>(address) + ahead, _MM_HINT_T0);
}

struct FloatSource {
  const float* base;
  std::size_t row_stride;  // in elements
  std::size_t vector_stride;
  std::ptrdiff_t ahead;
  SQUALL_AVX2 const float* at(std::size_t k, std::size_t v) const {
    return base + k * row_stride + v * vector_stride;
  }
  SQUALL_AVX2 __m256 load(std::size_t k, std::size_t v) const { return _mm256_loadu_ps(at(k, v)); }
  SQUALL_AVX2 void prefetch(std::size_t k, std::size_t v) const { avx2::prefetch(at(k, v), ahead); }
};

/// Floats that lie in the nearest cache already.
struct ExpandedSource {
  FloatSource floats;
  SQUALL_AVX2 __m256 load(std::size_t k, std::size_t v) const { return floats.load(k, v); }
  SQUALL_AVX2 void prefetch(std::size_t /*k*/, std::size_t /*v*/) const {}
};

struct HalfSource {
  const std::uint16_t* base;
  std::size_t row_stride;
  std::size_t vector_stride;
  std::ptrdiff_t ahead;
  SQUALL_AVX2 const std::uint16_t* at(std::size_t k, std::size_t v) const {
    return base + k * row_stride + v * vector_stride;
  }
  SQUALL_AVX2 __m256 load(std::size_t k, std::size_t v) const {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at(k, v))));
  }
  SQUALL_AVX2 void prefetch(std::size_t k, std::size_t v) const { avx2::prefetch(at(k, v), ahead); }
};

SQUALL_AVX2 inline __m256 load_quants(const std::int8_t* quants) {
  const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(quants));
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(eight));
}

struct QuantizedKeys {
  const std::int8_t* quants;
  const float* scale;
  std::size_t dimension;
  std::size_t scales;
  std::ptrdiff_t ahead;
  SQUALL_AVX2 const std::int8_t* at(std::size_t k, std::size_t v) const {
    return quants + (v * dimension + k) * lanes;
  }
  SQUALL_AVX2 __m256 load(std::size_t k, std::size_t v) const {
    const std::size_t block = k / dimensions_of_a_scale;
    return _mm256_mul_ps(load_quants(at(k, v)),
                         _mm256_loadu_ps(scale + (v * scales + block) * lanes));
  }
  SQUALL_AVX2 void prefetch(std::size_t k, std::size_t v) const { avx2::prefetch(at(k, v), ahead); }
};

struct QuantizedValues {
  const std::int8_t* quants;
  const float* scale;
  std::size_t padded_dimension;
  std::size_t scales;
  std::ptrdiff_t ahead;
  SQUALL_AVX2 const std::int8_t* at(std::size_t k, std::size_t v) const {
    return quants + k * padded_dimension + v * lanes;
  }
  SQUALL_AVX2 __m256 load(std::size_t k, std::size_t v) const {
    const std::size_t block = v / (dimensions_of_a_scale / lanes);
    return _mm256_mul_ps(load_quants(at(k, v)), _mm256_broadcast_ss(scale + k * scales + block));
  }
  SQUALL_AVX2 void prefetch(std::size_t k, std::size_t v) const { avx2::prefetch(at(k, v), ahead); }
};

/// output[r, column] = factors[r] * output[r, column] + sum over k of weights[r, k] * source[k]
struct RowsTask {
  const float* weights;
  std::size_t weight_stride;
  std::size_t depth;
  float* output;
  std::size_t output_stride;
  const float* factors;  // null: the output so far is not read
};

template <std::size_t Rows, std::size_t Vectors, class Source>
SQUALL_AVX2 inline void multiply_tile(const RowsTask& task, const Source source,
                                      std::size_t first) {
  float* const output = task.output + first * lanes;
  const std::size_t output_stride = task.output_stride;
  __m256 sums[Rows][Vectors];
#pragma GCC unroll 6
  for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v) {
      sums[r][v] = _mm256_setzero_ps();
      if (task.factors == nullptr) continue;
      sums[r][v] = _mm256_mul_ps(_mm256_broadcast_ss(task.factors + r),
                                 _mm256_loadu_ps(output + r * output_stride + v * lanes));
    }
  }
  const float* weights[Rows];
#pragma GCC unroll 6
  for (std::size_t r = 0; r < Rows; ++r) weights[r] = task.weights + r * task.weight_stride;
  const std::size_t depth = task.depth;
  for (std::size_t k = 0; k < depth; ++k) {
    // A cache line holds 2 to 8 rows or vectors, so one of the vectors in turn is enough.
    source.prefetch(k, first + k % Vectors);
    // Of the 16 registers up to 12 hold sums: the fewer of rows and vectors stay in the others.
    if constexpr (Rows < Vectors) {
      __m256 weight[Rows];
#pragma GCC unroll 6
      for (std::size_t r = 0; r < Rows; ++r) weight[r] = _mm256_broadcast_ss(weights[r] + k);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) {
        const __m256 column = source.load(k, first + v);
#pragma GCC unroll 6
        for (std::size_t r = 0; r < Rows; ++r) {
          sums[r][v] = _mm256_fmadd_ps(weight[r], column, sums[r][v]);
        }
      }
    } else {
      __m256 columns[Vectors];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) columns[v] = source.load(k, first + v);
#pragma GCC unroll 6
      for (std::size_t r = 0; r < Rows; ++r) {
        const __m256 weight = _mm256_broadcast_ss(weights[r] + k);
#pragma GCC unroll 4
        for (std::size_t v = 0; v < Vectors; ++v) {
          sums[r][v] = _mm256_fmadd_ps(weight, columns[v], sums[r][v]);
        }
      }
    }
  }
#pragma GCC unroll 6
  for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v) {
      _mm256_storeu_ps(output + r * output_stride + v * lanes, sums[r][v]);
    }
  }
}

/// As many vectors at once as leave registers for up to 12 sums.
template <std::size_t Rows, class Source>
SQUALL_AVX2 void multiply_columns(const RowsTask& task, const Source& source, std::size_t vectors) {
  constexpr std::size_t step = Rows <= 3 ? 4 : 2;
  std::size_t v = 0;
  for (; v + step <= vectors; v += step) multiply_tile<Rows, step>(task, source, v);
  if constexpr (step == 4) {
    if (v + 2 <= vectors) {
      multiply_tile<Rows, 2>(task, source, v);
      v += 2;
    }
  }
  if (v < vectors) multiply_tile<Rows, 1>(task, source, v);
}

constexpr std::size_t rows_of_a_tile = 6;

template <class Source>
SQUALL_AVX2 void multiply_rows(RowsTask task, const Source& source, std::size_t rows,
                               std::size_t vectors) {
  while (rows > 0) {
    // Tiles of about the same height: 4 and 3 rather than 6 and 1.
    const std::size_t tiles = (rows + rows_of_a_tile - 1) / rows_of_a_tile;
    const std::size_t height = (rows + tiles - 1) / tiles;
    switch (height) {
      case 1:
        multiply_columns<1>(task, source, vectors);
        break;
      case 2:
        multiply_columns<2>(task, source, vectors);
        break;
      case 3:
        multiply_columns<3>(task, source, vectors);
        break;
      case 4:
        multiply_columns<4>(task, source, vectors);
        break;
      case 5:
        multiply_columns<5>(task, source, vectors);
        break;
      default:
        multiply_columns<6>(task, source, vectors);
        break;
    }
    task.weights += height * task.weight_stride;
    task.output += height * task.output_stride;
    if (task.factors != nullptr) task.factors += height;
    rows -= height;
  }
}

}  // namespace squall::kernels::avx2
