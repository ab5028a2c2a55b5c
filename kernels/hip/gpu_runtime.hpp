#pragma once
// The language and the runtime that kernels and their hosts are written against: HIP's spelling,
// for AMD's compiler, for NVIDIA's, and for any C++ compiler with emulated threads.
//
// On the device, in namespace squall::kernels::hip:
//   GPU_SHARED(type, name, count);       an array of the block, aligned to 16
//   GPU_UNROLL, GPU_KEEP_LOOP            ahead of a loop: all of its rounds at once, or never
//   wave_size(), lane_of_wave()          32 or 64; this thread's place in its wave
//   shuffle(value, lane), shuffle_xor(value, mask)
//   wave_max(value)                      of all lanes, to all lanes
//     These want a whole wave, active at one place, and values of 4 bytes.
//   dot4(a, b, sum)                      sum + the products of four pairs of int8
//   half_to_float, float_to_half, bfloat16_to_float
//   Word4, load_word4, load_word4_once (not to be kept in caches), store_word4: 16 bytes at once
// On the host:
//   GPU_LAUNCH((kernel<…>), grid, block, queue, arguments…);   at most 1024 threads a block
//   check(hip…(…), "what was to be done");                     throws DeviceError

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "kernels/backend.hpp"
#include "kernels/hip/kernel_launches.hpp"

// Arrays of a thread are registers only where every index is known, so their loops are unrolled;
// loops around loads are kept, since what is loaded early waits in registers. Compilers that know
// no GPUs would warn of the pragmas.
#if defined(__HIP__) || defined(__CUDACC__)
#define GPU_UNROLL _Pragma("unroll")
#define GPU_KEEP_LOOP _Pragma("unroll 1")
#else
#define GPU_UNROLL
#define GPU_KEEP_LOOP
#endif

#if defined(SQUALL_GPU_EMULATION)
#include "kernels/hip/emulation/emulated_runtime.hpp"
#include "kernels/hip/emulation/kernel_language.hpp"
#elif defined(__CUDACC__) && !defined(__HIP__)
#include "kernels/hip/cuda_names.hpp"
#include "kernels/hip/device_language.hpp"
#else
#include <hip/hip_runtime.h>

#include "kernels/hip/device_language.hpp"
#endif

namespace squall::kernels::hip {

/// Exact: a bfloat16 is the upper half of a float.
__device__ inline float bfloat16_to_float(std::uint16_t upper) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(upper) << 16);
}

/// "hipErrorInvalidValue: invalid argument"
inline std::string words_of(hipError_t error) {
  return std::string(hipGetErrorName(error)) + ": " + hipGetErrorString(error);
}

inline void check(hipError_t error, const char* what) {
  if (error == hipSuccess) return;
  // The runtime keeps the error for whoever asks next; it has been told here.
  static_cast<void>(hipGetLastError());
  throw DeviceError(std::string(what) + ": the device's runtime says " + words_of(error));
}

#if !defined(SQUALL_GPU_EMULATION)
template <typename... Parameters, std::size_t... Indices>
hipError_t launch_with(void (*kernel)(Parameters...), dim3 grid, dim3 block, hipStream_t stream,
                       std::tuple<Parameters...>& values, std::index_sequence<Indices...>) {
  void* pointers[] = {static_cast<void*>(&std::get<Indices>(values))..., nullptr};
  return hipLaunchKernel(reinterpret_cast<const void*>(kernel), grid, block, pointers, 0, stream);
}

template <typename... Parameters, typename... Arguments>
hipError_t launch(const char*, void (*kernel)(Parameters...), dim3 grid, dim3 block,
                  hipStream_t stream, Arguments&&... arguments) {
  std::tuple<Parameters...> values(static_cast<Parameters>(arguments)...);
  return launch_with(kernel, grid, block, stream, values, std::index_sequence_for<Parameters...>());
}
#else
using emulation::launch;
#endif

#define GPU_LAUNCH(kernel, grid, block, queue, ...)                                          \
  ::squall::kernels::hip::check(                                                             \
      ::squall::kernels::hip::launch(#kernel, kernel, grid, block,                           \
                                     static_cast<hipStream_t>((queue).stream), __VA_ARGS__), \
      "launching " #kernel)

}  // namespace squall::kernels::hip
