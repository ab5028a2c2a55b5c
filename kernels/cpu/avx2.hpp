#pragma once
// Kernels for AVX2, FMA and F16C; tables of later instruction sets borrow those they cannot better.

#include <cstddef>
#include <span>

#include "kernels/cpu/kernel_table.hpp"

namespace squall::kernels::avx2 {

void multiply_f32(const MultiplyTask& task);
void multiply_f16(const MultiplyTask& task);
void multiply_q8_0(const MultiplyTask& task);
void multiply_q4_0(const MultiplyTask& task);

void quantize_activations(std::span<const float> values, std::byte* quantized);
void rms_norm(const float* input, const float* weight, float* output, std::size_t dimension,
              float epsilon);
void attend(const AttentionTask& task);
void swiglu(float* gate, const float* up, std::size_t count);

}  // namespace squall::kernels::avx2
