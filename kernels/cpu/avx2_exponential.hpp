#pragma once
// Powers of 2 and of e for eight floats at once.

#include "kernels/cpu/avx2_vectors.hpp"

namespace squall::kernels::avx2 {

/// 2^x for x clamped to [-125, 127], with a relative error below 2e-7; 2^0 is 1, NaN stays NaN.
SQUALL_AVX2 inline __m256 power_of_2(__m256 x) {
  // In this order of arguments min and max hand a NaN through.
  x = _mm256_min_ps(_mm256_set1_ps(127.0F), _mm256_max_ps(_mm256_set1_ps(-125.0F), x));
  const __m256 n = _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m256 r = _mm256_sub_ps(x, n);
  // (2^r - 1) / r interpolated at the six Chebyshev nodes of [-0.5, 0.5]: off by 1e-8 at most.
  constexpr float coefficients[] = {0.00133908633F, 0.00961808302F, 0.0555035695F,
                                    0.240226507F,   0.693147182F,   1.0F};
  __m256 power = _mm256_set1_ps(0.000154531634F);
  for (const float coefficient : coefficients) {
    power = _mm256_fmadd_ps(power, r, _mm256_set1_ps(coefficient));
  }
  // 2^n is added to the exponent: the power is in [0.7, 1.5] and the sum stays a normal number.
  const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(power), exponent));
}

}  // namespace squall::kernels::avx2
