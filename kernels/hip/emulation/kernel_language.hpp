#pragma once
// The kernels' language where there is no GPU: what HIP and CUDA add to C++, on emulated threads.

#include <bit>
#include <cstdint>
#include <cstring>
#include <source_location>

#include "kernels/formats/float16.hpp"
#include "kernels/hip/emulation/emulated_block.hpp"
#include "kernels/hip/emulation/emulation_settings.hpp"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define threadIdx (::squall::kernels::hip::emulation::running.lane->index)
#define blockIdx (::squall::kernels::hip::emulation::running.block)
#define blockDim (::squall::kernels::hip::emulation::running.block_size)
#define gridDim (::squall::kernels::hip::emulation::running.grid_size)
#define __syncthreads() ::squall::kernels::hip::emulation::barrier(std::source_location::current())

#define GPU_SHARED(type, name, count)  \
  alignas(16) static type name[count]; \
  ::squall::kernels::hip::emulation::declare_shared(name, sizeof(name), #name)

namespace squall::kernels::hip {

inline unsigned wave_size() { return emulation::settings().wave_size; }
inline unsigned lane_of_wave() { return emulation::lane_of_wave(); }

template <typename T>
T shuffle(T value, unsigned source, emulation::Site site = emulation::Site::current()) {
  static_assert(sizeof(T) == 4);
  return std::bit_cast<T>(emulation::exchange(std::bit_cast<std::uint32_t>(value), source, site));
}

template <typename T>
T shuffle_xor(T value, unsigned mask, emulation::Site site = emulation::Site::current()) {
  return hip::shuffle(value, lane_of_wave() ^ mask, site);
}

/// All lanes' values put together pair by pair, as shuffle_xor() from far to near would do it: the
/// same bits in every lane.
template <typename T, typename Join>
T wave_join(T value, Join join, emulation::Site site) {
  static_assert(sizeof(T) == 4);
  std::uint32_t all[64];
  emulation::exchange_all(std::bit_cast<std::uint32_t>(value), all, site);
  for (unsigned half = wave_size() / 2; half > 0; half /= 2) {
    for (unsigned i = 0; i < half; ++i) {
      all[i] = std::bit_cast<std::uint32_t>(
          static_cast<T>(join(std::bit_cast<T>(all[i]), std::bit_cast<T>(all[i + half]))));
    }
  }
  return std::bit_cast<T>(all[0]);
}

template <typename T>
T wave_max(T value, emulation::Site site = emulation::Site::current()) {
  return wave_join(
      value, [](T a, T b) { return b > a ? b : a; }, site);
}

inline std::int32_t dot4(std::int32_t a, std::int32_t b, std::int32_t sum) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    sum += std::int32_t{static_cast<std::int8_t>(static_cast<std::uint32_t>(a) >> shift)} *
           std::int32_t{static_cast<std::int8_t>(static_cast<std::uint32_t>(b) >> shift)};
  }
  return sum;
}

inline float half_to_float(std::uint16_t half) { return kernels::half_to_float(half); }
inline std::uint16_t float_to_half(float value) { return kernels::float_to_half(value); }

struct alignas(16) Word4 {
  std::uint32_t words[4];
};

inline Word4 load_word4(const void* from, emulation::Site site = emulation::Site::current()) {
  if (reinterpret_cast<std::uintptr_t>(from) % 16 != 0) emulation::report_misaligned(from, site);
  Word4 words;
  std::memcpy(&words, from, sizeof words);
  return words;
}
inline Word4 load_word4_once(const void* from, emulation::Site site = emulation::Site::current()) {
  return load_word4(from, site);
}
inline void store_word4(void* to, Word4 words, emulation::Site site = emulation::Site::current()) {
  if (reinterpret_cast<std::uintptr_t>(to) % 16 != 0) emulation::report_misaligned(to, site);
  std::memcpy(to, &words, sizeof words);
}

}  // namespace squall::kernels::hip
