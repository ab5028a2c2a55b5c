#pragma once
// What this processor and its operating system let us use.

namespace squall::kernels {

struct CpuFeatures {
  bool avx2 = false;  // AVX2, FMA and F16C, with the 256-bit registers saved by the system
  bool avx512_vnni =
      false;  // the above, AVX-512 F BW VL and VNNI, with the 512-bit registers saved
};

/// Asks the processor afresh at each call; everything is false where it is not an x86-64.
CpuFeatures detect_cpu_features();

}  // namespace squall::kernels
