#pragma once
// Small steps that the AVX2 kernels share: vectors of 8 floats, their sums and their remainders.

#include <cstddef>
#include <immintrin.h>

// Functions with this mark run only after cpu_features.hpp has found what they need; the rest of
// the program is compiled for any x86-64.
#define SQUALL_AVX2 __attribute__((target("avx2,fma,f16c")))

namespace squall::kernels::avx2 {

constexpr std::size_t lanes = 8;

/// Ones in the first `count` of 8 lanes: for the elements that remain after whole vectors.
SQUALL_AVX2 inline __m256i first_lanes(std::size_t count) {
  const __m256i numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), numbers);
}

/// The first `count` of 8 floats, all of them if there are more; zeros for the others.
SQUALL_AVX2 inline __m256 load_up_to(std::size_t count, const float* from) {
  return count >= lanes ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, first_lanes(count));
}
/// Likewise; masked stores are slow on some processors, so only the remainder is one.
SQUALL_AVX2 inline void store_up_to(std::size_t count, float* to, __m256 values) {
  if (count >= lanes) return _mm256_storeu_ps(to, values);
  _mm256_maskstore_ps(to, first_lanes(count), values);
}

SQUALL_AVX2 inline float sum_of_lanes(__m128 four) {
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

SQUALL_AVX2 inline float sum_of_lanes(__m256 vector) {
  return sum_of_lanes(_mm_add_ps(_mm256_castps256_ps128(vector), _mm256_extractf128_ps(vector, 1)));
}

SQUALL_AVX2 inline float greatest_lane(__m256 vector) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(vector), _mm256_extractf128_ps(vector, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

SQUALL_AVX2 inline __m256 absolute(__m256 vector) {
  return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), vector);
}

}  // namespace squall::kernels::avx2
