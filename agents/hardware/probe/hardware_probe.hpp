#pragma once
// Everything about a machine that can be read without measuring: in a few milliseconds, anew each
// time, and nothing of it guessed.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agents/hardware/probe/machine_files.hpp"
#include "kernels/cpu/cpu_features.hpp"
#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::agents {

/// Where the probe looks; tests put a tree of files of their own in.
struct ProbeSurroundings {
  MachineFiles files;
  std::string architecture;                                // "x86_64"
  std::optional<kernels::CpuFeatures> features;            // none: by cpuinfo
  std::function<std::vector<scenarios::GpuFacts>()> gpus;  // none: no GPUs
  /// Waits a moment and tells how long; only called where there are counters of energy.
  std::function<std::chrono::nanoseconds()> wait;
};

/// The machine that this program runs on.
ProbeSurroundings this_machine();

scenarios::HardwareFacts probe_hardware(const ProbeSurroundings& surroundings);

}  // namespace squall::agents
