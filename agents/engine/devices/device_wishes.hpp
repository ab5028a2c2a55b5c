#pragma once
// What a user asks for when it comes to devices.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace squall::agents {

/// A device that was insisted on and cannot be had; the message says why and what to do.
struct DeviceUnavailable : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

enum class Device {
  automatic,  // a GPU if there is one that can be used
  cpu,
  gpu,    // all of the model; layers that do not fit are for the CPU, with a warning
  hybrid  // as many layers as fit, the CPU has the rest
};

struct DeviceWishes {
  Device device = Device::automatic;
  bool is_named = false;  // somebody said so: a wish that is not met is worth a warning
  std::optional<int>
      index{};  // of the GPU, as its runtime counts; none: the first that can be used
  std::uint64_t gpu_memory = 0;  // bytes that may be taken of it; 0: most of what is free
  bool require_gpu = false;      // unless `cpu`: a missing GPU is an error; for `gpu` also one
                                 // that is too small
  std::size_t sharers = 1;       // engines that use the GPU at the same time
};

}  // namespace squall::agents
