#pragma once
// The machine as this process tells of it: read anew, with ceilings measured once a start of the
// machine and kept in the user's cache folder.

#include <functional>
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
  /// Called before measuring, which takes two seconds, and half of one more for each GPU.
  std::function<void()> on_measuring;
};

/// Throws std::invalid_argument for a class that there is not.
scenarios::HardwareFacts hardware_here(const HardwareWishes& wishes);

/// What was declared on the command line, else in the environment; empty: nothing. Throws
/// std::invalid_argument for a class that there is not, naming those that there are.
std::string declared_hardware_class(const std::string& asked);

}  // namespace squall::agents
