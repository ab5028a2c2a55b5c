#pragma once
// Kernels for AVX2, FMA and F16C; tables of later instruction sets borrow those they cannot better.

#include <cstddef>
#include <span>

#include "kernels/cpu/kernel_table.hpp"

namespace squall::kernels::avx2 {

void multiply_f32(const MultiplyTask& task);
void multiply_f16(const MultiplyTask& task);
void multiply_bf16(const MultiplyTask& task);

void quantize_activations(std::span<const float> values, std::byte* quantized);
void rms_norm(const float* input, const float* weight, float* output, std::size_t dimension,
              float epsilon);
void swiglu(float* gate, const float* up, std::size_t count);
void rotate(float* values, std::size_t heads, std::size_t head_dimension, const Rotation& rotation);

}  // namespace squall::kernels::avx2
