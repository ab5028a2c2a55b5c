#pragma once
// The measured ceilings of this machine, in about two seconds.

#include <cstddef>
#include <vector>

#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::agents {

/// Of one GPU; 0: it failed, or had too little memory free.
struct GpuCeiling {
  std::size_t gpu = 0;  // its place among the machine's
  double copy_bytes_per_second = 0, matrix_per_second = 0;
  friend bool operator==(const GpuCeiling&, const GpuCeiling&) = default;
};

/// Of the processors, and of those GPUs that can be computed on.
struct MachineCeilings {
  scenarios::MeasuredCeilings processors;
  std::vector<GpuCeiling> gpus;
  friend bool operator==(const MachineCeilings&, const MachineCeilings&) = default;
};

/// How much is measured, and by how many threads.
struct CeilingsPlan {
  std::size_t threads = 1;                 // as many processors as this process may use at a time
  std::vector<std::size_t> thread_counts;  // of the reading: 1, 2, 4 … threads
  std::size_t buffer_bytes = 0;            // 0: caches are too large for the memory there is
  double share = 1;                        // of those processors' time that a limit leaves
};

CeilingsPlan plan_ceilings(const scenarios::HardwareFacts& facts);

/// Occupies the whole machine; nothing else should be measured meanwhile. Memory that cannot be had
/// leaves bandwidths out, an instruction set that cannot be had leaves arithmetic out.
scenarios::MeasuredCeilings measure_ceilings(const CeilingsPlan& plan);

/// The higher of both, figure by figure: whatever was busy meanwhile can only lower them. Figures
/// of other numbers of threads than `fresh` has are left out.
scenarios::MeasuredCeilings best_of(const scenarios::MeasuredCeilings& before,
                                    const scenarios::MeasuredCeilings& fresh);
/// Likewise. GPUs of either are in it.
MachineCeilings best_of(const MachineCeilings& before, const MachineCeilings& fresh);

}  // namespace squall::agents
