#pragma once
// The machine as this process tells of it: read anew, with ceilings measured once a start of the
// machine and kept in the user's cache folder. GPUs are computed on only where somebody asks.

#include <functional>
#include <mutex>
#include <string>

#include "kernels/gpu_module.hpp"
#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::agents {

enum class Measuring {
  never,
  once,   // unless it has been done since the machine started
  again,  // whatever is kept; the best of both is told and kept
};

struct HardwareWishes {
  Measuring measuring = Measuring::once;
  std::string declared_class;  // empty: $SQUALL_HARDWARE_CLASS, else by the facts
  /// The GPUs that modules compute on. Empty: those beside this program.
  std::function<kernels::GpuSearch()> find_gpus;
  /// Called while another process measures; when it says no, nothing is measured.
  std::function<bool()> wait;
  /// Called before measuring the processors, which takes two seconds.
  std::function<void()> on_measuring;
  /// Called before measuring GPUs, which takes half a second for each.
  std::function<void()> on_measuring_gpus;
};

/// GPUs as their makers' management libraries and the kernel tell of them: no program begins to
/// compute there, so that nothing of their memory is taken. Throws std::invalid_argument for a
/// class that there is not.
scenarios::HardwareFacts hardware_here(const HardwareWishes& wishes);

/// Looks for the GPUs that modules compute on, which takes some of their memory; adds to `facts`
/// what these tell of them and how fast they are, and returns what is free after that.
kernels::GpuSearch look_for_gpus(const HardwareWishes& wishes, scenarios::HardwareFacts& facts);

/// One agent's machine. GPUs are looked for when its engine wants one, and never for a server's
/// sake, which may need all of their memory. Thread-safe.
class AgentMachine {
 public:
  AgentMachine(HardwareWishes wishes, scenarios::HardwareFacts facts);

  kernels::GpuSearch find_gpus();
  scenarios::HardwareFacts facts() const;

 private:
  const HardwareWishes wishes_;
  mutable std::mutex mutex_;  // guards facts_, also while GPUs are measured
  scenarios::HardwareFacts facts_;
};

/// What was declared on the command line, else in the environment; empty: nothing. Throws
/// std::invalid_argument for a class that there is not, naming those that there are.
std::string declared_hardware_class(const std::string& asked);

}  // namespace squall::agents
