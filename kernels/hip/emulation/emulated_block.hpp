#pragma once
// Runs the threads of one GPU block on this machine, one after the other: each is a fiber that
// waits at barriers and shuffles until the others of its block or wave have come.
//
// One block runs at a time in the whole process; whoever runs blocks holds block_mutex(). A kernel
// that would hang or guess on a device (a barrier that some thread does not reach, a shuffle in a
// wave that is not whole) throws EmulationError, which names kernel, block and threads.

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <source_location>
#include <stdexcept>

// The name and the place that HIP and CUDA give it.
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace squall::kernels::hip::emulation {

/// A kernel did what no device would do well.
struct EmulationError : std::logic_error {
  using std::logic_error::logic_error;
};

enum class LaneState : std::uint8_t { unstarted, ready, at_shuffle, at_barrier, ended };

/// One thread of the block.
struct Lane {
  dim3 index;
  unsigned number = 0;  // in the block, x first
  LaneState state = LaneState::unstarted;
  unsigned exchanges = 0;
  std::source_location site;      // where it waits
  struct Fiber* fiber = nullptr;  // which it has from its first instruction to its last
};

/// What the kernel's built-in variables show.
struct Running {
  Lane* lane = nullptr;
  dim3 block;
  dim3 block_size;
  dim3 grid_size;
};
extern Running running;

struct Kernel {
  const char* name;
  void (*body)(const void* arguments);
  const void* arguments;
};

std::mutex& block_mutex();

/// Runs all blocks of the grid; the caller holds block_mutex(). Throws EmulationError and what the
/// kernel throws.
void run_grid(const Kernel& kernel, dim3 grid, dim3 block);

// What a running kernel calls.
using Site = std::source_location;
unsigned lane_of_wave();
void barrier(Site site);
/// The value that lane `source` of the wave offers; this lane's own where there is no such lane.
std::uint32_t exchange(std::uint32_t value, unsigned source, Site site);
/// What all lanes of the wave offer.
void exchange_all(std::uint32_t value, std::uint32_t* all, Site site);
/// Static memory of a block: filled with 0xFF when its first thread comes by, and counted.
void declare_shared(void* memory, std::size_t bytes, const char* name);
constexpr std::size_t most_shared_bytes = 48 * 1024;
[[noreturn]] void report_misaligned(const void* address, Site site);

}  // namespace squall::kernels::hip::emulation
