// AVX2 kernels for everything but the multiplication, and the table of them all.

#include "kernels/cpu/avx2.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstdint>

#include "kernels/cpu/attention/avx2_attention.hpp"
#include "kernels/cpu/multiply/blocks_avx2.hpp"
#include "kernels/cpu/multiply/blocks_layout.hpp"
#include "kernels/cpu/multiply/k_quants_avx2.hpp"
#include "kernels/cpu/multiply/k_quants_layout.hpp"
#include "kernels/cpu/multiply/quantized_activations.hpp"
#include "kernels/cpu/multiply/wide_activations.hpp"

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

/// The sums of quants 0, 1 and 2, 3 of every four, over each 16.
SQUALL_AVX2 inline void sum_pairs(__m256i quants, PairSums (&sums)[2]) {
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), quants);
  const __m256i two = _mm256_add_epi16(pairs, _mm256_shuffle_epi32(pairs, 0x4E));
  const __m256i one = _mm256_add_epi16(two, _mm256_shuffle_epi32(two, 0xB1));
  sums[0] = std::bit_cast<PairSums>(_mm256_extract_epi32(one, 0));
  sums[1] = std::bit_cast<PairSums>(_mm256_extract_epi32(one, 4));
}

/// Returns the block's scale and writes its quants and their sums.
SQUALL_AVX2 float quantize_block(const float* values, std::int8_t* quants, std::int32_t* sum,
                                 PairSums (&pair_sums)[2]) {
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

  // The packs interleave the 128-bit halves; the permutation puts groups of four back in order.
  const __m256i words_low = _mm256_packs_epi32(q[0], q[1]);
  const __m256i words_high = _mm256_packs_epi32(q[2], q[3]);
  const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(words_low, words_high),
                                                    _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_store_si256(reinterpret_cast<__m256i*>(quants), bytes);
  sum_pairs(bytes, pair_sums);
  *sum = pair_sums[0].first + pair_sums[0].second + pair_sums[1].first + pair_sums[1].second;
  // A NaN among the values has no quant; as the scale it reaches every product.
  if (_mm256_movemask_ps(not_numbers) != 0) return std::nanf("");
  return magnitude / 127.0F;
}

/// Two products and a sum, each rounded, as the reference does it. The table has a vector to spare
/// behind each position's angles.
SQUALL_AVX2 inline __m256 turned(__m256 values, __m256 partners, const Rotation& rotation,
                                 std::size_t first) {
  return _mm256_add_ps(_mm256_mul_ps(values, _mm256_loadu_ps(rotation.cosines + first)),
                       _mm256_mul_ps(partners, _mm256_loadu_ps(rotation.sines + first)));
}

bool runs_on(const CpuFeatures& features) { return features.avx2; }

}  // namespace

SQUALL_AVX2 void quantize_activations(std::span<const float> values, std::byte* quantized) {
  assert(values.size() % activations_per_block == 0);
  auto* quants = reinterpret_cast<std::int8_t*>(quantized);
  auto* scales = reinterpret_cast<float*>(quantized + values.size());
  const std::size_t blocks = values.size() / activations_per_block;
  auto* sums = reinterpret_cast<std::int32_t*>(scales + blocks);
  auto* scaled_sums = reinterpret_cast<float*>(sums + blocks);
  auto* pair_sums = reinterpret_cast<PairSums*>(scaled_sums + blocks);
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t start = block * activations_per_block;
    PairSums pairs[2];
    scales[block] = quantize_block(values.data() + start, quants + start, sums + block, pairs);
    scaled_sums[block] = scales[block] * static_cast<float>(sums[block]);
    pair_sums[2 * block] = pairs[0];
    pair_sums[2 * block + 1] = pairs[1];
  }
}

SQUALL_AVX2 void rms_norm(const float* input, const float* weight, float* output,
                          std::size_t dimension, float epsilon) {
  constexpr std::size_t chains = 4;  // as many as hide how long an addition takes
  __m256 squares[chains];
  for (__m256& sum : squares) sum = _mm256_setzero_ps();
  std::size_t i = 0;
  for (; i + chains * lanes <= dimension; i += chains * lanes) {
#pragma GCC unroll 4
    for (std::size_t c = 0; c < chains; ++c) {
      const __m256 x = _mm256_loadu_ps(input + i + c * lanes);
      squares[c] = _mm256_fmadd_ps(x, x, squares[c]);
    }
  }
  for (; i < dimension; i += lanes) {
    const __m256 x = load_up_to(dimension - i, input + i);
    squares[0] = _mm256_fmadd_ps(x, x, squares[0]);
  }
  const __m256 total =
      _mm256_add_ps(_mm256_add_ps(squares[0], squares[1]), _mm256_add_ps(squares[2], squares[3]));
  const float mean = sum_of_lanes(total) / static_cast<float>(dimension);
  const __m256 factor = _mm256_set1_ps(1.0F / std::sqrt(mean + epsilon));
  for (i = 0; i < dimension; i += lanes) {
    const std::size_t count = dimension - i;
    const __m256 scaled = _mm256_mul_ps(load_up_to(count, input + i), factor);
    store_up_to(count, output + i, _mm256_mul_ps(scaled, load_up_to(count, weight + i)));
  }
}

SQUALL_AVX2 void swiglu(float* gate, const float* up, std::size_t count) {
  for (std::size_t i = 0; i < count; i += lanes) {
    const __m256 result =
        silu_times(load_up_to(count - i, gate + i), load_up_to(count - i, up + i));
    store_up_to(count - i, gate + i, result);
  }
}

SQUALL_AVX2 void rotate(float* values, std::size_t heads, std::size_t head_dimension,
                        const Rotation& rotation) {
  const std::size_t dimensions = rotation.dimensions;
  const std::size_t pairs = dimensions / 2;
  for (std::size_t head = 0; head < heads; ++head, values += head_dimension) {
    if (rotation.pairs == RopePairs::neighbours) {
      for (std::size_t i = 0; i < dimensions; i += lanes) {
        const std::size_t count = dimensions - i;
        const __m256 x = load_up_to(count, values + i);
        const __m256 partners = _mm256_permute_ps(x, 0xB1);
        store_up_to(count, values + i, turned(x, partners, rotation, i));
      }
      continue;
    }
    for (std::size_t i = 0; i < pairs; i += lanes) {
      const std::size_t count = pairs - i;
      const __m256 x = load_up_to(count, values + i);
      const __m256 y = load_up_to(count, values + pairs + i);
      store_up_to(count, values + i, turned(x, y, rotation, i));
      store_up_to(count, values + pairs + i, turned(y, x, rotation, pairs + i));
    }
  }
}

}  // namespace avx2

const KernelTable avx2_kernels = {
    .name = "avx2",
    .runs_on = avx2::runs_on,
    .multiply = kernels_by_format(
        {{Format::f32, {ActivationForm::exact, avx2::multiply_f32}},
         {Format::f16, {ActivationForm::exact, avx2::multiply_f16}},
         {Format::bf16, {ActivationForm::exact, avx2::multiply_bf16}},
         {Format::q8_0, {ActivationForm::int16_blocks, avx2::multiply_q8_0, &packed_q8_0}},
         {Format::q4_0, {ActivationForm::int8_blocks, avx2::multiply_q4_0, &packed_q4_0}},
         {Format::q4_1, {ActivationForm::int8_blocks, avx2::multiply_q4_1, &packed_q4_1}},
         {Format::q5_0, {ActivationForm::int8_blocks, avx2::multiply_q5_0, &packed_q5_0}},
         {Format::q5_1, {ActivationForm::int8_blocks, avx2::multiply_q5_1, &packed_q5_1}},
         {Format::q2_k, {ActivationForm::int8_blocks, avx2::multiply_q2_k, &packed_q2_k}},
         {Format::q3_k, {ActivationForm::int8_blocks, avx2::multiply_q3_k, &packed_q3_k}},
         {Format::q4_k, {ActivationForm::int8_blocks, avx2::multiply_q4_k, &packed_q4_k}},
         {Format::q5_k, {ActivationForm::int8_blocks, avx2::multiply_q5_k, &packed_q5_k}},
         {Format::q6_k, {ActivationForm::int8_blocks, avx2::multiply_q6_k, &packed_q6_k}},
         {Format::tq1_0, {ActivationForm::int8_blocks, avx2::multiply_ternary, &packed_tq1_0}},
         {Format::tq2_0, {ActivationForm::int8_blocks, avx2::multiply_ternary, &packed_tq2_0}},
         {Format::i2_s, {ActivationForm::int8_blocks, avx2::multiply_i2_s, &packed_i2_s}}}),
    .quantize_activations = avx2::quantize_activations,
    .quantize_wide_activations = avx2::quantize_wide_activations,
    .rms_norm = avx2::rms_norm,
    .page_attention = avx2::page_attention,
    .swiglu = avx2::swiglu,
    .rotate = avx2::rotate,
};

}  // namespace squall::kernels

#endif
