// AVX2 kernels for everything but the multiplication, and the table of them all.

#include "kernels/cpu/avx2.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>

#include "kernels/cpu/quantized_activations.hpp"

#if defined(__x86_64__)

#include "kernels/cpu/avx2_vectors.hpp"

namespace squall::kernels {
namespace avx2 {
namespace {

/// e^x for x clamped to [-87, 88], with a relative error below 3e-7; NaN stays NaN.
SQUALL_AVX2 inline __m256 exponential(__m256 x) {
  // In this order of arguments min and max hand a NaN through.
  x = _mm256_min_ps(_mm256_set1_ps(88.0F), _mm256_max_ps(_mm256_set1_ps(-87.0F), x));
  // e^x = 2^n * e^r with |r| <= ln(2) / 2; ln(2) in two parts, the first exact when times n.
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504F)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693145752F), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(1.42860677e-6F), r);
  // Taylor series to r^7: what follows is below 6e-9 of the whole.
  constexpr float coefficients[] = {1.0F / 720, 1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F};
  __m256 power = _mm256_set1_ps(1.0F / 5040);
  for (const float coefficient : coefficients) {
    power = _mm256_fmadd_ps(power, r, _mm256_set1_ps(coefficient));
  }
  const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_mul_ps(power, _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23)));
}

SQUALL_AVX2 inline __m256 silu_times(__m256 gate, __m256 up) {
  const __m256 one = _mm256_set1_ps(1.0F);
  const __m256 negative = _mm256_sub_ps(_mm256_setzero_ps(), gate);
  const __m256 sigmoid_inverse = _mm256_add_ps(one, exponential(negative));
  return _mm256_mul_ps(_mm256_div_ps(gate, sigmoid_inverse), up);
}

/// Eight quants, still 32 bits wide.
SQUALL_AVX2 inline __m256i round_to_quants(__m256 values, __m256 inverse_scale) {
  return _mm256_cvtps_epi32(_mm256_mul_ps(values, inverse_scale));
}

/// Returns the block's scale and writes its quants and their sum.
SQUALL_AVX2 float quantize_block(const float* values, std::int8_t* quants, std::int32_t* sum) {
  __m256 v[4];
  __m256 greatest = _mm256_setzero_ps();
  __m256 not_numbers = _mm256_setzero_ps();
  for (std::size_t i = 0; i < 4; ++i) {
    v[i] = _mm256_loadu_ps(values + i * lanes);
    greatest = _mm256_max_ps(greatest, absolute(v[i]));
    not_numbers = _mm256_or_ps(not_numbers, _mm256_cmp_ps(v[i], v[i], _CMP_UNORD_Q));
  }
  const float magnitude = greatest_lane(greatest);
  // Below this the inverse would overflow, and the values are zero for every practical purpose.
  const float inverse = magnitude > 1e-35F ? 127.0F / magnitude : 0.0F;
  __m256i q[4];
  for (std::size_t i = 0; i < 4; ++i) q[i] = round_to_quants(v[i], _mm256_set1_ps(inverse));

  const __m256i total =
      _mm256_add_epi32(_mm256_add_epi32(q[0], q[1]), _mm256_add_epi32(q[2], q[3]));
  const __m128i four =
      _mm_add_epi32(_mm256_castsi256_si128(total), _mm256_extracti128_si256(total, 1));
  const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  *sum = _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xB1)));

  // The packs interleave the 128-bit halves; the permutation puts groups of four back in order.
  const __m256i words_low = _mm256_packs_epi32(q[0], q[1]);
  const __m256i words_high = _mm256_packs_epi32(q[2], q[3]);
  const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(words_low, words_high),
                                                    _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_store_si256(reinterpret_cast<__m256i*>(quants), bytes);
  // A NaN among the values has no quant; as the scale it reaches every product.
  if (_mm256_movemask_ps(not_numbers) != 0) return std::nanf("");
  return magnitude / 127.0F;
}

/// scores[t] = query . key t, four keys at a time; at the end the last key again.
SQUALL_AVX2 void score_keys(const AttentionTask& task) {
  for (std::size_t first = 0; first < task.length; first += 4) {
    const float* keys[4];
    __m256 sums[4];
    for (std::size_t k = 0; k < 4; ++k) {
      keys[k] = task.keys + std::min(first + k, task.length - 1) * task.stride;
      sums[k] = _mm256_setzero_ps();
    }
    std::size_t i = 0;
    for (; i + lanes <= task.dimension; i += lanes) {
      const __m256 query = _mm256_loadu_ps(task.query + i);
#pragma GCC unroll 4
      for (std::size_t k = 0; k < 4; ++k) {
        sums[k] = _mm256_fmadd_ps(query, _mm256_loadu_ps(keys[k] + i), sums[k]);
      }
    }
    if (i < task.dimension) {
      const __m256i mask = first_lanes(task.dimension - i);
      const __m256 query = _mm256_maskload_ps(task.query + i, mask);
      for (std::size_t k = 0; k < 4; ++k) {
        sums[k] = _mm256_fmadd_ps(query, _mm256_maskload_ps(keys[k] + i, mask), sums[k]);
      }
    }
    for (std::size_t k = 0; k < 4 && first + k < task.length; ++k) {
      task.scores[first + k] = sum_of_lanes(sums[k]);
    }
  }
}

SQUALL_AVX2 float greatest_of(const float* values, std::size_t count) {
  __m256 greatest = _mm256_set1_ps(values[0]);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    greatest = _mm256_max_ps(greatest, _mm256_loadu_ps(values + i));
  }
  for (; i < count; ++i) greatest = _mm256_max_ps(greatest, _mm256_set1_ps(values[i]));
  return greatest_lane(greatest);
}

/// scores = e^(scale * (scores - the greatest)); returns their sum.
SQUALL_AVX2 float exponentiate_scores(float* scores, std::size_t length, float scale) {
  const __m256 shift = _mm256_set1_ps(greatest_of(scores, length));
  const __m256 factor = _mm256_set1_ps(scale);
  __m256 total = _mm256_setzero_ps();
  for (std::size_t t = 0; t < length; t += lanes) {
    const __m256i mask = first_lanes(std::min(lanes, length - t));
    const __m256 score = _mm256_maskload_ps(scores + t, mask);
    const __m256 power = exponential(_mm256_mul_ps(_mm256_sub_ps(score, shift), factor));
    _mm256_maskstore_ps(scores + t, mask, power);
    total = _mm256_add_ps(total, _mm256_and_ps(power, _mm256_castsi256_ps(mask)));
  }
  return sum_of_lanes(total);
}

/// output[first, first + 8 * Vectors) = factor * the sum over t of scores[t] * values[t]
template <std::size_t Vectors>
SQUALL_AVX2 void weigh_values(const AttentionTask& task, std::size_t first, float factor) {
  __m256 sums[Vectors];
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  const float* values = task.values + first;
  for (std::size_t t = 0; t < task.length; ++t, values += task.stride) {
    const __m256 score = _mm256_broadcast_ss(task.scores + t);
#pragma GCC unroll 8
    for (std::size_t v = 0; v < Vectors; ++v) {
      sums[v] = _mm256_fmadd_ps(score, _mm256_loadu_ps(values + v * lanes), sums[v]);
    }
  }
  for (std::size_t v = 0; v < Vectors; ++v) {
    _mm256_storeu_ps(task.output + first + v * lanes,
                     _mm256_mul_ps(sums[v], _mm256_set1_ps(factor)));
  }
}

/// The same for the fewer than 8 elements from `first` to the end of the head.
SQUALL_AVX2 void weigh_remaining_values(const AttentionTask& task, std::size_t first,
                                        float factor) {
  const __m256i mask = first_lanes(task.dimension - first);
  __m256 sum = _mm256_setzero_ps();
  const float* values = task.values + first;
  for (std::size_t t = 0; t < task.length; ++t, values += task.stride) {
    sum = _mm256_fmadd_ps(_mm256_broadcast_ss(task.scores + t), _mm256_maskload_ps(values, mask),
                          sum);
  }
  _mm256_maskstore_ps(task.output + first, mask, _mm256_mul_ps(sum, _mm256_set1_ps(factor)));
}

bool runs_on(const CpuFeatures& features) { return features.avx2; }

}  // namespace

SQUALL_AVX2 void quantize_activations(std::span<const float> values, std::byte* quantized) {
  assert(values.size() % activations_per_block == 0);
  auto* quants = reinterpret_cast<std::int8_t*>(quantized);
  auto* scales = reinterpret_cast<float*>(quantized + values.size());
  const std::size_t blocks = values.size() / activations_per_block;
  auto* sums = reinterpret_cast<std::int32_t*>(scales + blocks);
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t start = block * activations_per_block;
    scales[block] = quantize_block(values.data() + start, quants + start, sums + block);
  }
}

SQUALL_AVX2 void rms_norm(const float* input, const float* weight, float* output,
                          std::size_t dimension, float epsilon) {
  __m256 squares = _mm256_setzero_ps();
  for (std::size_t i = 0; i < dimension; i += lanes) {
    const __m256 x = _mm256_maskload_ps(input + i, first_lanes(std::min(lanes, dimension - i)));
    squares = _mm256_fmadd_ps(x, x, squares);
  }
  const float mean = sum_of_lanes(squares) / static_cast<float>(dimension);
  const __m256 factor = _mm256_set1_ps(1.0F / std::sqrt(mean + epsilon));
  for (std::size_t i = 0; i < dimension; i += lanes) {
    const __m256i mask = first_lanes(std::min(lanes, dimension - i));
    const __m256 scaled = _mm256_mul_ps(_mm256_maskload_ps(input + i, mask), factor);
    _mm256_maskstore_ps(output + i, mask,
                        _mm256_mul_ps(scaled, _mm256_maskload_ps(weight + i, mask)));
  }
}

void attend(const AttentionTask& task) {
  assert(task.length > 0);
  score_keys(task);
  const float scale = 1.0F / std::sqrt(static_cast<float>(task.dimension));
  const float factor = 1.0F / exponentiate_scores(task.scores, task.length, scale);
  std::size_t i = 0;
  for (; i + 8 * lanes <= task.dimension; i += 8 * lanes) weigh_values<8>(task, i, factor);
  for (; i + 2 * lanes <= task.dimension; i += 2 * lanes) weigh_values<2>(task, i, factor);
  for (; i + lanes <= task.dimension; i += lanes) weigh_values<1>(task, i, factor);
  if (i < task.dimension) weigh_remaining_values(task, i, factor);
}

SQUALL_AVX2 void swiglu(float* gate, const float* up, std::size_t count) {
  for (std::size_t i = 0; i < count; i += lanes) {
    const __m256i mask = first_lanes(std::min(lanes, count - i));
    const __m256 result =
        silu_times(_mm256_maskload_ps(gate + i, mask), _mm256_maskload_ps(up + i, mask));
    _mm256_maskstore_ps(gate + i, mask, result);
  }
}

}  // namespace avx2

const KernelTable avx2_kernels = {
    .name = "avx2",
    .runs_on = avx2::runs_on,
    .multiply = {{{ActivationForm::exact, avx2::multiply_f32},
                  {ActivationForm::exact, avx2::multiply_f16},
                  {ActivationForm::int8_blocks, avx2::multiply_q8_0},
                  {ActivationForm::int8_blocks, avx2::multiply_q4_0}}},
    .quantize_activations = avx2::quantize_activations,
    .rms_norm = avx2::rms_norm,
    .attend = avx2::attend,
    .swiglu = avx2::swiglu,
};

}  // namespace squall::kernels

#endif
