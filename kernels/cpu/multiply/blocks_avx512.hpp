#pragma once
// Multiplication by weights in blocks of 32 with AVX-512 VNNI; layouts in blocks_layout.hpp,
// activations in quantized_activations.hpp.

#include "kernels/cpu/kernel_table.hpp"

namespace squall::kernels::avx512 {

void multiply_q8_0(const MultiplyTask& task);
void multiply_q4_0(const MultiplyTask& task);
void multiply_q4_1(const MultiplyTask& task);
void multiply_q5_0(const MultiplyTask& task);
void multiply_q5_1(const MultiplyTask& task);

}  // namespace squall::kernels::avx512
