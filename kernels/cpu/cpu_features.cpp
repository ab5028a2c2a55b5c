#include "kernels/cpu/cpu_features.hpp"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace squall::kernels {

#if defined(__x86_64__)
namespace {

bool has_bit(unsigned bits, unsigned position) { return ((bits >> position) & 1U) != 0; }

/// XCR0: the register sets that the operating system saves when it switches threads.
std::uint64_t saved_register_sets() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

}  // namespace

CpuFeatures detect_cpu_features() {
  // Bit numbers: Intel SDM volume 2A, CPUID leaves 1 and 7, and volume 1, section 13.3 for XCR0.
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return {};
  const bool fma = has_bit(ecx, 12);
  const bool system_saves = has_bit(ecx, 27);  // OSXSAVE: xgetbv exists
  const bool avx = has_bit(ecx, 28);
  const bool f16c = has_bit(ecx, 29);
  if (!fma || !system_saves || !avx || !f16c) return {};
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return {};

  constexpr std::uint64_t sse_avx_state = 0x06;
  constexpr std::uint64_t avx512_state = 0xE0;  // mask registers, upper halves, registers 16 to 31
  const std::uint64_t saved = saved_register_sets();
  CpuFeatures features;
  features.avx2 = has_bit(ebx, 5) && (saved & sse_avx_state) == sse_avx_state;
  const bool f_bw_vl = has_bit(ebx, 16) && has_bit(ebx, 30) && has_bit(ebx, 31);
  const bool vnni = has_bit(ecx, 11);
  features.avx512_vnni = features.avx2 && f_bw_vl && vnni && (saved & avx512_state) == avx512_state;
  return features;
}
#elif defined(__aarch64__)
CpuFeatures detect_cpu_features() {
  CpuFeatures features;
  features.neon = true;
  features.neon_dot = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  return features;
}
#else
CpuFeatures detect_cpu_features() { return {}; }
#endif

}  // namespace squall::kernels
