// Weights in blocks of 32 on any 64-bit ARM processor: products of 16 bits, added up in pairs.

#if defined(__aarch64__)

#include <algorithm>
#include <arm_neon.h>
#include <cstring>

#include "kernels/cpu/multiply/blocks_layout.hpp"
#include "kernels/cpu/multiply/quantized_activations.hpp"
#include "kernels/cpu/neon/neon.hpp"

#define SQUALL_NEON

namespace squall::kernels::neon {
namespace {

/// The products of each four bytes, added up, join `sums`.
SQUALL_NEON inline int32x4_t add_fours(int32x4_t sums, int8x16_t quants, int8x16_t four) {
  // 128 * 127 fits 16 bits; pairs are added in 32.
  const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(quants), vget_low_s8(four)));
  const int32x4_t high = vpaddlq_s16(vmull_high_s8(quants, four));
  return vaddq_s32(sums, vpaddq_s32(low, high));
}

#include "kernels/cpu/neon/neon_blocks.hpp"

}  // namespace

void multiply_q8_0(const MultiplyTask& task) { multiply<Q8>(task); }
void multiply_q4_0(const MultiplyTask& task) { multiply<Q4<shape_of_q4_0, 8>>(task); }
void multiply_q4_1(const MultiplyTask& task) { multiply<Q4<shape_of_q4_1, 0>>(task); }
void multiply_q5_0(const MultiplyTask& task) { multiply<Q5<shape_of_q5_0, 16>>(task); }
void multiply_q5_1(const MultiplyTask& task) { multiply<Q5<shape_of_q5_1, 0>>(task); }

}  // namespace squall::kernels::neon

#endif
