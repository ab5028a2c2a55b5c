#include "kernels/hip/ceilings.hpp"

#include <algorithm>
#include <string>

#include "kernels/hip/matrix_tile.hpp"

namespace squall::kernels::hip {
namespace {

constexpr unsigned threads_per_block = 256;
constexpr unsigned words_of_a_thread = 4;  // on their way at a time
static_assert(threads_per_block * words_of_a_thread * sizeof(Word4) == copied_at_once);

__global__ void __launch_bounds__(threads_per_block)
    copy_kernel(const std::byte* from, std::byte* to, std::size_t pieces) {
  constexpr std::size_t apart = threads_per_block * sizeof(Word4);
  for (std::size_t piece = blockIdx.x; piece < pieces; piece += gridDim.x) {
    const std::size_t first = piece * copied_at_once + threadIdx.x * sizeof(Word4);
    Word4 words[words_of_a_thread];
    GPU_UNROLL
    for (unsigned i = 0; i < words_of_a_thread; ++i) {
      words[i] = load_word4_once(from + first + i * apart);
    }
    GPU_UNROLL
    for (unsigned i = 0; i < words_of_a_thread; ++i) store_word4(to + first + i * apart, words[i]);
  }
}

constexpr unsigned tile_values = tile_side * tile_side;
constexpr unsigned operand_values = (left_tiles + right_tiles) * tile_values;
constexpr unsigned sum_tiles = left_tiles * right_tiles;  // enough that none waits for another

/// By multiplicative hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4).
__host__ __device__ __forceinline__ std::uint16_t made_up_half(unsigned index) {
  const std::uint32_t hash = (index + 1) * 2654435769U;
  return static_cast<std::uint16_t>(0x3800U | hash >> 22 | (hash >> 6 & 0x8000U));
}

/// Values matter: of zeros a device does more a second than of what models have.
__global__ void __launch_bounds__(threads_per_block) tiles_kernel(float* sums, unsigned rounds) {
  // Tiles are loaded from 32 bytes' alignment, one 16 more than shared arrays promise.
  GPU_SHARED(Word4, memory, operand_values / 8 + 1);
  auto* const operands = reinterpret_cast<std::uint16_t*>(
      memory + reinterpret_cast<std::uintptr_t>(memory) % 32 / sizeof(Word4));
  for (unsigned i = threadIdx.x; i < operand_values; i += threads_per_block) {
    operands[i] = made_up_half(i);
  }
  __syncthreads();
  LeftTile left[left_tiles];
  RightTile right[right_tiles];
  SumTile products[sum_tiles];
  GPU_UNROLL
  for (unsigned l = 0; l < left_tiles; ++l) {
    load_tile(left[l], operands + l * tile_values, tile_side);
  }
  GPU_UNROLL
  for (unsigned r = 0; r < right_tiles; ++r) {
    load_tile(right[r], operands + (left_tiles + r) * tile_values, tile_side);
  }
  GPU_UNROLL
  for (unsigned i = 0; i < sum_tiles; ++i) clear_tile(products[i]);
  for (unsigned round = 0; round < rounds; ++round) {
    GPU_UNROLL
    for (unsigned i = 0; i < sum_tiles; ++i) {
      multiply_add(products[i], left[i / right_tiles], right[i % right_tiles]);
    }
  }
  const unsigned waves = threads_per_block / wave_size();
  float* const mine =
      sums + (static_cast<std::size_t>(blockIdx.x) * waves + threadIdx.x / wave_size()) *
                 (sum_tiles * tile_values);
  GPU_UNROLL
  for (unsigned i = 0; i < sum_tiles; ++i) store_tile(products[i], mine + i * tile_values);
}

/// A point in a stream's work, with its time.
class Event {
 public:
  Event() { check(hipEventCreate(&event_), "making an event"); }
  ~Event() { static_cast<void>(hipEventDestroy(event_)); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(const Device& device) {
    check(hipEventRecord(event_, device.stream()), "recording an event");
  }
  void wait() const { check(hipEventSynchronize(event_), "waiting for an event"); }
  double milliseconds_since(const Event& earlier) const {
    float milliseconds = 0;
    check(hipEventElapsedTime(&milliseconds, earlier.event_, event_), "reading a device's timer");
    return static_cast<double>(milliseconds);
  }

 private:
  hipEvent_t event_ = nullptr;
};

constexpr double patience = 200;   // milliseconds of passes
constexpr double long_enough = 4;  // of a pass: what a launch takes is little of it
constexpr unsigned most_passes = 1000;

/// Units of work a second at best. run(count) puts so many of them into the queue.
template <class Run>
double best_rate(const Device& device, unsigned most, const Run& run) {
  Event begin, end;
  double best = 0;
  double spent = 0;
  unsigned count = 1;
  for (unsigned pass = 0; pass < most_passes && (best == 0 || spent < patience); ++pass) {
    begin.record(device);
    run(count);
    end.record(device);
    end.wait();
    const double time = end.milliseconds_since(begin);
    spent += time;
    if (time >= long_enough || (count == most && time > 0)) best = std::max(best, count / time);
    if (time < long_enough) count = std::min(most, 4 * count);
  }
  if (best == 0) throw DeviceError(device.name() + ": its timer stands still");
  return best * 1e3;
}

/// Of one of two; more than any cache, and little of what others may want meanwhile.
std::size_t buffer_bytes(const Device& device) {
  constexpr std::size_t wanted = std::size_t{512} << 20;
  std::size_t free = 0;
  std::size_t total = 0;
  check(hipMemGetInfo(&free, &total), "asking for a device's free memory");
  const std::size_t bytes = std::min(wanted, free / 16) / copied_at_once * copied_at_once;
  const std::size_t least =
      std::max(tile_sums(*device.queue().facts) * sizeof(float), 2 * device.cache_bytes());
  if (bytes >= least) return bytes;
  throw DeviceOutOfMemory(device.name() + ": " + std::to_string(free >> 20) +
                          " MiB are free, too little to measure how fast it copies; end what else "
                          "uses its memory");
}

}  // namespace

void copy_memory(const Queue& queue, const std::byte* from, std::byte* to, std::size_t bytes) {
  const std::size_t pieces = bytes / copied_at_once;
  const auto blocks =
      static_cast<unsigned>(std::min<std::size_t>(pieces, queue.facts->multiprocessors * 8U));
  GPU_LAUNCH(copy_kernel, blocks, threads_per_block, queue, from, to, pieces);
}

std::size_t tile_sums(const DeviceFacts& facts) {
  return std::size_t{threads_per_block} / facts.wave_size * sum_tiles * tile_values;
}

double tile_multiply_adds(const DeviceFacts& facts) {
  return static_cast<double>(tile_sums(facts)) * tile_side;
}

std::uint16_t tile_value(unsigned index) { return made_up_half(index); }

void multiply_kept_tiles(const Queue& queue, const TileLaunch& launch, float* sums) {
  GPU_LAUNCH(tiles_kernel, launch.blocks, threads_per_block, queue, sums, launch.rounds);
}

GpuCeilings measure_ceilings(Device& device) {
  device.use();
  const Queue queue = device.queue();
  const std::size_t bytes = buffer_bytes(device);
  const DeviceBlock from(device, bytes);
  const DeviceBlock to(device, bytes);
  check(hipMemsetAsync(from.data(), 0x5A, bytes, device.stream()), "filling memory to copy");
  const double copies = best_rate(device, 64, [&](unsigned count) {
    for (unsigned i = 0; i < count; ++i) copy_memory(queue, from.data(), to.data(), bytes);
  });
  const std::size_t sums = tile_sums(*queue.facts);
  const auto blocks = static_cast<unsigned>(
      std::min<std::size_t>(queue.facts->multiprocessors * 4U, bytes / (sums * sizeof(float))));
  const double rounds = best_rate(device, 1U << 20, [&](unsigned count) {
    multiply_kept_tiles(queue, {.blocks = blocks, .rounds = count},
                        reinterpret_cast<float*>(to.data()));
  });
  device.wait();
  return {.copy_bytes_per_second = copies * 2 * static_cast<double>(bytes),
          .matrix_per_second = rounds * blocks * tile_multiply_adds(*queue.facts)};
}

}  // namespace squall::kernels::hip
