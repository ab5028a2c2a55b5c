// Activations become 16-bit integers on AVX2, 32 at a time.

#include "kernels/cpu/multiply/wide_activations.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#if defined(__x86_64__)

#include "kernels/cpu/avx2_vectors.hpp"

namespace squall::kernels::avx2 {
namespace {

/// 32 values; in the order that wide_activations.hpp gives them.
SQUALL_AVX2 float quantize_wide_block(const float* values, std::int16_t* quants) {
  __m256 parts[4];
  __m256 greatest = _mm256_setzero_ps();
  __m256 not_numbers = _mm256_setzero_ps();
  for (std::size_t i = 0; i < 4; ++i) {
    parts[i] = _mm256_loadu_ps(values + i * lanes);
    greatest = _mm256_max_ps(greatest, absolute(parts[i]));
    not_numbers = _mm256_or_ps(not_numbers, _mm256_cmp_ps(parts[i], parts[i], _CMP_UNORD_Q));
  }
  const float magnitude = greatest_lane(greatest);
  const float scale = magnitude / 32767.0F;
  // Of the least floats the inverse would be infinite.
  constexpr float most = std::numeric_limits<float>::max();
  const float factor = magnitude > 0 ? std::min(32767.0F / magnitude, most) : 0.0F;
  const __m256 inverse = _mm256_set1_ps(factor);
  const __m256i limit = _mm256_set1_epi32(32767);  // rounding may go one beyond
  const __m256i order = _mm256_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15, 0, 1,
                                         4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15);
  __m256i whole[4];
  for (std::size_t i = 0; i < 4; ++i) {
    const __m256i rounded = _mm256_cvtps_epi32(_mm256_mul_ps(parts[i], inverse));
    whole[i] = _mm256_min_epi32(rounded, limit);
    whole[i] = _mm256_max_epi32(whole[i], _mm256_sub_epi32(_mm256_setzero_si256(), limit));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const __m256i pairs = _mm256_permute4x64_epi64(
        _mm256_packs_epi32(whole[2 * i], whole[2 * i + 1]), _MM_SHUFFLE(3, 1, 2, 0));
    _mm256_store_si256(reinterpret_cast<__m256i*>(quants) + i, _mm256_shuffle_epi8(pairs, order));
  }
  // A NaN among the values has no quant; as the scale it reaches every product.
  return _mm256_movemask_ps(not_numbers) != 0 ? std::nanf("") : scale;
}

}  // namespace

SQUALL_AVX2 void quantize_wide_activations(std::span<const float> values, std::byte* quantized) {
  assert(values.size() % wide_activations_per_block == 0);
  auto* quants = reinterpret_cast<std::int16_t*>(quantized);
  auto* scales = reinterpret_cast<float*>(quantized + values.size() * sizeof(std::int16_t));
  for (std::size_t start = 0; start < values.size(); start += wide_activations_per_block) {
    scales[start / wide_activations_per_block] =
        quantize_wide_block(values.data() + start, quants + start);
  }
}

}  // namespace squall::kernels::avx2

#endif
