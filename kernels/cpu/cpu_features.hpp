#pragma once
// What this processor and its operating system let us use.

namespace squall::kernels {

struct CpuFeatures {
  bool avx2 = false;  // AVX2, FMA and F16C, with the 256-bit registers saved by the system
  bool avx512_vnni =
      false;              // the above, AVX-512 F BW VL and VNNI, with the 512-bit registers saved
  bool neon = false;      // which every 64-bit ARM has
  bool neon_dot = false;  // and the dot product instructions
};

/// Asks the processor afresh at each call; what belongs to another kind of processor is false.
CpuFeatures detect_cpu_features();

}  // namespace squall::kernels
