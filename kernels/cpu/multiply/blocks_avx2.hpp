#pragma once
// Multiplication by weights in blocks of 32 with AVX2; layouts in blocks_layout.hpp. q8_0 takes
// activations as int16 blocks, the others as int8 blocks.

#include "kernels/cpu/kernel_table.hpp"

namespace squall::kernels::avx2 {

void multiply_q4_0(const MultiplyTask& task);
void multiply_q4_1(const MultiplyTask& task);
void multiply_q5_0(const MultiplyTask& task);
void multiply_q5_1(const MultiplyTask& task);
void multiply_q8_0(const MultiplyTask& task);

}  // namespace squall::kernels::avx2
