#pragma once
// What the emulated device is like, for the whole process: tests set it, or the environment does
// before the first use (SQUALL_EMULATED_WAVE_SIZE, _BACKWARDS, _MEMORY, _DEVICES, _LOST_AT_CALL).

#include <cstdint>

namespace squall::kernels::hip::emulation {

struct Settings {
  unsigned wave_size = 32;  // or 64
  /// Blocks, waves and threads run from the last to the first, so that what relies on an order that
  /// no device promises shows.
  bool backwards = false;
  std::uint64_t memory_bytes = std::uint64_t{4} << 30;
  int devices = 1;
  int broken_device = -1;  // all that is asked of it fails
  unsigned multiprocessors = 4;
  /// From this call of the runtime on, the device is lost: all calls fail. 0: never.
  std::uint64_t lost_at_call = 0;
  std::uint64_t calls = 0;    // so far, those that ask for errors' names not counted
  std::uint64_t kernels = 0;  // that have run so far
  std::uint64_t graphs = 0;   // that were launched so far
};
Settings& settings();

}  // namespace squall::kernels::hip::emulation

/// The same, for a test that has opened the module.
extern "C" __attribute__((visibility("default"))) squall::kernels::hip::emulation::Settings*
squall_gpu_emulation_settings();
