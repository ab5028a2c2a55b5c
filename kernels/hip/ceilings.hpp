#pragma once
// How fast a device copies its memory and multiplies tiles when nothing else is asked of it: what
// bounds decoding, and prefill and large batches.

#include <cstddef>
#include <cstdint>

#include "kernels/hip/backend/device.hpp"

namespace squall::kernels::hip {

/// What copy_memory() copies at once.
constexpr std::size_t copied_at_once = 16 * 1024;

/// bytes: a multiple of copied_at_once.
void copy_memory(const Queue& queue, const std::byte* from, std::byte* to, std::size_t bytes);

/// A launch of multiply_kept_tiles(): every wave multiplies tiles that it keeps, again and again.
struct TileLaunch {
  unsigned blocks = 1;
  unsigned rounds = 1;
};
/// Floats of the sums of one block.
std::size_t tile_sums(const DeviceFacts& facts);
/// Of one block in one round.
double tile_multiply_adds(const DeviceFacts& facts);
/// A value of the tiles, as bits of a half: between 0.5 and 1, of either sign.
std::uint16_t tile_value(unsigned index);
/// sums: of every block, one wave after the other; of a wave tiles [column][row], those of the
/// first left tile first. All waves' are the same: `rounds` times the product of its tiles.
void multiply_kept_tiles(const Queue& queue, const TileLaunch& launch, float* sums);
constexpr unsigned left_tiles = 2, right_tiles = 4;  // of a wave; all pairs are multiplied

/// In about half a second: the best of many passes, by the device's own timer. Takes up to 1 GiB of
/// the device's memory meanwhile. Throws DeviceError, and DeviceOutOfMemory where too little is
/// free to measure more than its caches.
GpuCeilings measure_ceilings(Device& device);

}  // namespace squall::kernels::hip
