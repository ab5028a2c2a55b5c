#pragma once
// Multiplication by k-quants and ternary weights with AVX-512 VNNI; layouts in k_quants_layout.hpp,
// activations as int8 blocks.

#include "kernels/cpu/kernel_table.hpp"

namespace squall::kernels::avx512 {

void multiply_q2_k(const MultiplyTask& task);
void multiply_q3_k(const MultiplyTask& task);
void multiply_q4_k(const MultiplyTask& task);
void multiply_q5_k(const MultiplyTask& task);
void multiply_q6_k(const MultiplyTask& task);
void multiply_ternary(const MultiplyTask& task);  // tq1_0 and tq2_0
void multiply_i2_s(const MultiplyTask& task);

}  // namespace squall::kernels::avx512
