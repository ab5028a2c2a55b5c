#pragma once
// Arithmetic on the device that gives the same bits in every kernel, at either wave size and in the
// emulation: whoever sums or weighs the same numbers must not differ with the company they are in.
//
// A compiler may fuse a product and a sum in one kernel and not in another. Here and in attention
// every fused step is an explicit fmaf(), and no product is added otherwise.

#include <cmath>
#include <cstdint>

#include "kernels/hip/gpu_runtime.hpp"

namespace squall::kernels::hip {

/// What stands behind it does not begin before what stands ahead of it: AMD's compiler would load
/// and convert all operands of a loop's body first, and run out of registers.
__device__ inline void keep_order() {
#if defined(__AMDGCN__)
  asm volatile("" ::: "memory");
#if __has_builtin(__builtin_amdgcn_sched_barrier)
  __builtin_amdgcn_sched_barrier(0);
#endif
#endif
}

/// Threads that add up in one tree, of a wave of 32 or half a wave of 64.
constexpr unsigned team_size = 32;

/// Four floats that are loaded and stored at once.
struct alignas(16) Float4 {
  float x, y, z, w;
};

__device__ inline std::uint32_t bits_of(float value) {
  return __builtin_bit_cast(std::uint32_t, value);
}

__device__ inline float float_of(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }

__device__ inline float minus_infinity() { return float_of(0xFF800000U); }

/// e^x within 2 units in the last place: 1 of 0, 0 below -87 and at most e^88.
/// Powers of two after Cody and Waite; the polynomial is that of Cephes (expf).
__device__ inline float exponential(float x) {
  const float bounded = fminf(fmaxf(x, -87.0F), 88.0F);
  const float power = rintf(bounded * 1.44269504F);
  const float rest = fmaf(power, 2.12194440e-4F, fmaf(power, -0.693359375F, bounded));
  float sum = fmaf(1.9875691500e-4F, rest, 1.3981999507e-3F);
  sum = fmaf(sum, rest, 8.3334519073e-3F);
  sum = fmaf(sum, rest, 4.1665795894e-2F);
  sum = fmaf(sum, rest, 1.6666665459e-1F);
  sum = fmaf(sum, rest, 5.0000001201e-1F);
  const float series = fmaf(sum, rest * rest, rest) + 1.0F;
  const float result =
      series * float_of(static_cast<std::uint32_t>(static_cast<int>(power) + 127) << 23);
  const float outside = x < -87.0F ? 0.0F : x;  // what is not a number stays none
  return x >= -87.0F ? result : outside;
}

/// Of the values that the threads of a team hold; each gets it. The whole wave calls.
__device__ inline float team_sum(float value) {
  for (unsigned mask = team_size / 2; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
  return value;
}

/// As team_sum(); what is not a number counts for nothing.
__device__ inline float team_max(float value) {
  for (unsigned mask = team_size / 2; mask > 0; mask /= 2) {
    value = fmaxf(value, shuffle_xor(value, mask));
  }
  return value;
}

__device__ inline std::uint32_t team_max(std::uint32_t value) {
  for (unsigned mask = team_size / 2; mask > 0; mask /= 2) {
    const std::uint32_t other = shuffle_xor(value, mask);
    value = other > value ? other : value;
  }
  return value;
}

}  // namespace squall::kernels::hip
