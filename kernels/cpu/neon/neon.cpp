#include "kernels/cpu/neon/neon.hpp"

#if defined(__aarch64__)

#include <algorithm>
#include <arm_neon.h>
#include <cassert>
#include <cmath>
#include <cstring>

#include "kernels/cpu/attention/reference_attention.hpp"
#include "kernels/cpu/multiply/blocks_layout.hpp"
#include "kernels/cpu/multiply/quantized_activations.hpp"
#include "kernels/formats/float16.hpp"

namespace squall::kernels {
namespace neon {
namespace {

constexpr std::size_t lanes = 4;

struct F32 {
  static constexpr std::size_t bytes = 4;
  static float32x4_t load(const std::byte* weights) {
    return vreinterpretq_f32_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(weights)));
  }
};

struct F16 {
  static constexpr std::size_t bytes = 2;
  static float32x4_t load(const std::byte* weights) {
    const uint8x8_t halves = vld1_u8(reinterpret_cast<const std::uint8_t*>(weights));
    return vcvt_f32_f16(vreinterpret_f16_u8(halves));
  }
};

struct BF16 {
  static constexpr std::size_t bytes = 2;
  static float32x4_t load(const std::byte* weights) {
    const uint8x8_t upper_halves = vld1_u8(reinterpret_cast<const std::uint8_t*>(weights));
    return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(upper_halves), 16));
  }
};

/// Fewer than 4 weights; zeros follow them.
template <class Weights>
float32x4_t load_remainder(const std::byte* weights, std::size_t count) {
  std::byte padded[lanes * Weights::bytes] = {};
  std::memcpy(padded, weights, count * Weights::bytes);
  return Weights::load(padded);
}

/// `Rows` rows, past the end of the matrix the last row again, times `Columns` columns.
template <class Weights, std::size_t Rows, std::size_t Columns>
void multiply_tile(const MultiplyTask& task, std::size_t row, std::size_t column) {
  const std::byte* rows[Rows];
  const std::byte* activations[Columns];
  float32x4_t sums[Rows][Columns];
  for (std::size_t c = 0; c < Columns; ++c) {
    activations[c] = task.activations + (column + c) * task.activation_stride;
  }
  for (std::size_t r = 0; r < Rows; ++r) {
    const std::size_t own = std::min(row + r, task.rows - 1);
    rows[r] = task.weights + own * task.columns * Weights::bytes;
    for (std::size_t c = 0; c < Columns; ++c) sums[r][c] = vdupq_n_f32(0.0F);
  }
  std::size_t i = 0;
  for (; i + lanes <= task.columns; i += lanes) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < Rows; ++r) {
      const float32x4_t weights = Weights::load(rows[r] + i * Weights::bytes);
#pragma GCC unroll 4
      for (std::size_t c = 0; c < Columns; ++c) {
        sums[r][c] = vfmaq_f32(sums[r][c], weights, F32::load(activations[c] + i * F32::bytes));
      }
    }
  }
  const std::size_t rest = task.columns - i;
  for (std::size_t r = 0; r < Rows && row + r < task.rows; ++r) {
    for (std::size_t c = 0; c < Columns; ++c) {
      if (rest > 0) {
        const float32x4_t weights = load_remainder<Weights>(rows[r] + i * Weights::bytes, rest);
        const float32x4_t values = load_remainder<F32>(activations[c] + i * F32::bytes, rest);
        sums[r][c] = vfmaq_f32(sums[r][c], weights, values);
      }
      task.output[(column + c) * task.output_stride + row + r] = vaddvq_f32(sums[r][c]);
    }
  }
}

template <class Weights>
void multiply(const MultiplyTask& task) {
  for (std::size_t row = 0; row < task.rows; row += 4) {
    std::size_t column = 0;
    for (; column + 4 <= task.batch; column += 4) multiply_tile<Weights, 4, 4>(task, row, column);
    for (; column < task.batch; ++column) multiply_tile<Weights, 4, 1>(task, row, column);
  }
}

/// Returns the block's scale and writes its quants.
float quantize_block(const float* values, std::int8_t* quants) {
  float magnitude = 0.0F;
  bool all_numbers = true;
  for (std::size_t i = 0; i < activations_per_block; ++i) {
    magnitude = std::max(magnitude, std::abs(values[i]));
    all_numbers = all_numbers && values[i] == values[i];
  }
  // Below this the inverse would overflow, and the values are zero for every practical purpose.
  const float inverse = magnitude > 1e-35F ? 127.0F / magnitude : 0.0F;
  for (std::size_t i = 0; i < activations_per_block; i += lanes) {
    const float32x4_t scaled = vmulq_n_f32(vld1q_f32(values + i), inverse);
    const int32x4_t whole = vcvtnq_s32_f32(scaled);
    for (std::size_t k = 0; k < lanes; ++k) quants[i + k] = static_cast<std::int8_t>(whole[k]);
  }
  // A NaN among the values has no quant; as the scale it reaches every product.
  return all_numbers ? magnitude / 127.0F : std::nanf("");
}

bool runs_on(const CpuFeatures& features) { return features.neon; }
bool dot_runs_on(const CpuFeatures& features) { return features.neon_dot; }

void rms_norm(const float* input, const float* weight, float* output, std::size_t dimension,
              float epsilon) {
  reference_kernels.rms_norm(input, weight, output, dimension, epsilon);
}
void swiglu(float* gate, const float* up, std::size_t count) {
  reference_kernels.swiglu(gate, up, count);
}
void rotate(float* values, std::size_t heads, std::size_t head_dimension,
            const Rotation& rotation) {
  reference_kernels.rotate(values, heads, head_dimension, rotation);
}

}  // namespace

void multiply_f32(const MultiplyTask& task) { multiply<F32>(task); }
void multiply_f16(const MultiplyTask& task) { multiply<F16>(task); }
void multiply_bf16(const MultiplyTask& task) { multiply<BF16>(task); }

void quantize_activations(std::span<const float> values, std::byte* quantized) {
  assert(values.size() % activations_per_block == 0);
  auto* quants = reinterpret_cast<std::int8_t*>(quantized);
  auto* scales = reinterpret_cast<float*>(quantized + values.size());
  const std::size_t blocks = values.size() / activations_per_block;
  auto* sums = reinterpret_cast<std::int32_t*>(scales + blocks);
  auto* scaled_sums = reinterpret_cast<float*>(sums + blocks);
  auto* pair_sums = reinterpret_cast<PairSums*>(scaled_sums + blocks);
  std::fill_n(pair_sums, 2 * blocks, PairSums{0, 0});
  for (std::size_t block = 0; block < blocks; ++block) {
    std::int8_t* own = quants + block * activations_per_block;
    scales[block] = quantize_block(values.data() + block * activations_per_block, own);
    sums[block] = 0;
    for (std::size_t i = 0; i < activations_per_block; ++i) {
      sums[block] += own[i];
      PairSums& pairs = pair_sums[2 * block + i / 16];
      std::int16_t& pair = i % 4 < 2 ? pairs.first : pairs.second;
      pair = static_cast<std::int16_t>(pair + own[i]);
    }
    scaled_sums[block] = scales[block] * static_cast<float>(sums[block]);
  }
}

}  // namespace neon

const KernelTable neon_kernels = {
    .name = "neon",
    .runs_on = neon::runs_on,
    .multiply = kernels_by_format(
        {{Format::f32, {ActivationForm::exact, neon::multiply_f32}},
         {Format::f16, {ActivationForm::exact, neon::multiply_f16}},
         {Format::bf16, {ActivationForm::exact, neon::multiply_bf16}},
         {Format::q8_0, {ActivationForm::int8_blocks, neon::multiply_q8_0, &packed_q8_0}},
         {Format::q4_0, {ActivationForm::int8_blocks, neon::multiply_q4_0, &packed_q4_0}},
         {Format::q4_1, {ActivationForm::int8_blocks, neon::multiply_q4_1, &packed_q4_1}},
         {Format::q5_0, {ActivationForm::int8_blocks, neon::multiply_q5_0, &packed_q5_0}},
         {Format::q5_1, {ActivationForm::int8_blocks, neon::multiply_q5_1, &packed_q5_1}}}),
    .quantize_activations = neon::quantize_activations,
    .rms_norm = neon::rms_norm,
    .page_attention = reference::page_attention,
    .swiglu = neon::swiglu,
    .rotate = neon::rotate,
};

const KernelTable neon_dot_kernels = {
    .name = "neon_dot",
    .runs_on = neon::dot_runs_on,
    .multiply = kernels_by_format(
        {{Format::f32, {ActivationForm::exact, neon::multiply_f32}},
         {Format::f16, {ActivationForm::exact, neon::multiply_f16}},
         {Format::bf16, {ActivationForm::exact, neon::multiply_bf16}},
         {Format::q8_0, {ActivationForm::int8_blocks, neon_dot::multiply_q8_0, &packed_q8_0}},
         {Format::q4_0, {ActivationForm::int8_blocks, neon_dot::multiply_q4_0, &packed_q4_0}},
         {Format::q4_1, {ActivationForm::int8_blocks, neon_dot::multiply_q4_1, &packed_q4_1}},
         {Format::q5_0, {ActivationForm::int8_blocks, neon_dot::multiply_q5_0, &packed_q5_0}},
         {Format::q5_1, {ActivationForm::int8_blocks, neon_dot::multiply_q5_1, &packed_q5_1}}}),
    .quantize_activations = neon::quantize_activations,
    .rms_norm = neon::rms_norm,
    .page_attention = reference::page_attention,
    .swiglu = neon::swiglu,
    .rotate = neon::rotate,
};

}  // namespace squall::kernels

#endif
