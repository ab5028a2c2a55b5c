#pragma once
// What kernels use beyond HIP's own language, on real devices: waves, dot products, halves, loads
// of 16 bytes. The emulation has its own (emulation/kernel_language.hpp).

#include <cstdint>

#if defined(__CUDACC__) && !defined(__HIP__)
#define SQUALL_GPU_IS_CUDA 1
#include <cuda_fp16.h>
#else
#define SQUALL_GPU_IS_CUDA 0
#endif

#define GPU_SHARED(type, name, count) alignas(16) __shared__ type name[count]

namespace squall::kernels::hip {

__device__ __forceinline__ unsigned wave_size() {
#if SQUALL_GPU_IS_CUDA
  return 32;
#else
  return static_cast<unsigned>(warpSize);  // a constant of the architecture
#endif
}

/// Blocks are laid out x first.
__device__ __forceinline__ unsigned lane_of_wave() {
  return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % wave_size();
}

template <typename T>
__device__ __forceinline__ T shuffle(T value, unsigned source) {
  static_assert(sizeof(T) == 4);
  const int word = __builtin_bit_cast(int, value);
#if SQUALL_GPU_IS_CUDA
  // A source that is no lane gives the value back, as elsewhere; the hardware would take it modulo.
  const int got = __shfl_sync(
      0xFFFFFFFFU, word, source < 32 ? static_cast<int>(source) : static_cast<int>(lane_of_wave()));
#else
  const unsigned lane = source < wave_size() ? source : lane_of_wave();
  const int got = __builtin_amdgcn_ds_bpermute(static_cast<int>(lane * 4), word);
#endif
  return __builtin_bit_cast(T, got);
}

template <typename T>
__device__ __forceinline__ T shuffle_xor(T value, unsigned mask) {
#if SQUALL_GPU_IS_CUDA
  static_assert(sizeof(T) == 4);
  return __builtin_bit_cast(
      T, __shfl_xor_sync(0xFFFFFFFFU, __builtin_bit_cast(int, value), static_cast<int>(mask)));
#else
  return shuffle(value, lane_of_wave() ^ mask);
#endif
}

template <typename T>
__device__ __forceinline__ T wave_max(T value) {
#pragma unroll
  for (unsigned mask = wave_size() / 2; mask > 0; mask /= 2) {
    const T other = shuffle_xor(value, mask);
    value = other > value ? other : value;
  }
  return value;
}

__device__ __forceinline__ std::int32_t dot4(std::int32_t a, std::int32_t b, std::int32_t sum) {
#if SQUALL_GPU_IS_CUDA
  return __dp4a(a, b, sum);
#elif defined(__gfx906__) || defined(__gfx908__) || defined(__gfx90a__) || defined(__gfx940__) || \
    defined(__gfx941__) || defined(__gfx942__) || defined(__gfx1011__) || defined(__gfx1012__) || \
    defined(__gfx1030__) || defined(__gfx1031__) || defined(__gfx1032__)
  return __builtin_amdgcn_sdot4(a, b, sum, false);
#elif defined(__gfx1100__) || defined(__gfx1101__) || defined(__gfx1102__) || \
    defined(__gfx1200__) || defined(__gfx1201__)
  return __builtin_amdgcn_sudot4(true, a, true, b, sum, false);
#else
  for (unsigned shift = 0; shift < 32; shift += 8) {
    sum += std::int32_t{static_cast<std::int8_t>(static_cast<std::uint32_t>(a) >> shift)} *
           std::int32_t{static_cast<std::int8_t>(static_cast<std::uint32_t>(b) >> shift)};
  }
  return sum;
#endif
}

__device__ __forceinline__ float half_to_float(std::uint16_t half) {
#if SQUALL_GPU_IS_CUDA
  return __half2float(__ushort_as_half(half));
#else
  return static_cast<float>(__builtin_bit_cast(_Float16, half));
#endif
}

/// To the nearest, ties to even.
__device__ __forceinline__ std::uint16_t float_to_half(float value) {
#if SQUALL_GPU_IS_CUDA
  return __half_as_ushort(__float2half_rn(value));
#else
  return __builtin_bit_cast(std::uint16_t, static_cast<_Float16>(value));
#endif
}

struct alignas(16) Word4 {
  std::uint32_t words[4];
};

#if SQUALL_GPU_IS_CUDA
using NativeWord4 = uint4;
__device__ __forceinline__ Word4 word4_of(NativeWord4 v) { return {{v.x, v.y, v.z, v.w}}; }
#else
using NativeWord4 = std::uint32_t __attribute__((ext_vector_type(4)));
__device__ __forceinline__ Word4 word4_of(NativeWord4 v) { return {{v[0], v[1], v[2], v[3]}}; }
#endif

__device__ __forceinline__ Word4 load_word4(const void* from) {
  return word4_of(*static_cast<const NativeWord4*>(from));
}

__device__ __forceinline__ Word4 load_word4_once(const void* from) {
#if SQUALL_GPU_IS_CUDA
  return word4_of(__ldcs(static_cast<const NativeWord4*>(from)));
#else
  return word4_of(__builtin_nontemporal_load(static_cast<const NativeWord4*>(from)));
#endif
}

__device__ __forceinline__ void store_word4(void* to, Word4 value) {
#if SQUALL_GPU_IS_CUDA
  *static_cast<NativeWord4*>(to) =
      make_uint4(value.words[0], value.words[1], value.words[2], value.words[3]);
#else
  *static_cast<NativeWord4*>(to) =
      NativeWord4{value.words[0], value.words[1], value.words[2], value.words[3]};
#endif
}

}  // namespace squall::kernels::hip
