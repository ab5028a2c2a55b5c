#pragma once
// Kernels for 64-bit ARM: multiplication with NEON, for processors with and without the dot product
// instructions; the reference does the rest.

#include <cstddef>
#include <span>

#include "kernels/cpu/kernel_table.hpp"

namespace squall::kernels {

namespace neon {

void multiply_f32(const MultiplyTask& task);
void multiply_f16(const MultiplyTask& task);
void multiply_bf16(const MultiplyTask& task);
void quantize_activations(std::span<const float> values, std::byte* quantized);

void multiply_q8_0(const MultiplyTask& task);
void multiply_q4_0(const MultiplyTask& task);
void multiply_q4_1(const MultiplyTask& task);
void multiply_q5_0(const MultiplyTask& task);
void multiply_q5_1(const MultiplyTask& task);

}  // namespace neon

/// The same with sdot, an instruction that multiplies 16 by 16 bytes and adds up fours.
namespace neon_dot {

void multiply_q8_0(const MultiplyTask& task);
void multiply_q4_0(const MultiplyTask& task);
void multiply_q4_1(const MultiplyTask& task);
void multiply_q5_0(const MultiplyTask& task);
void multiply_q5_1(const MultiplyTask& task);

}  // namespace neon_dot

}  // namespace squall::kernels
