// The greatest values of a row, exactly and in order: each block finds those of a segment, a second
// launch those of the segments' winners.
//
// A value and its index make one number, so that all are different and in the order asked for: the
// value's bits, turned so that they compare as integers, above the index's complement. Each winner
// is the greatest of what is less than the last one, so nothing has to be marked as taken.

#include <cassert>

#include "kernels/hip/exact_arithmetic.hpp"
#include "kernels/hip/kernel_launches.hpp"

namespace squall::kernels::hip {
namespace {

constexpr unsigned threads = 256;
constexpr unsigned teams = threads / team_size;
constexpr std::size_t segment = 2048;  // values of one block of the first launch

using Key = std::uint64_t;
constexpr Key no_key = 0;  // less than that of negative infinity

__device__ inline Key key_of(float value, std::uint32_t index) {
  if (value != value) value = minus_infinity();
  if (value == 0.0F) value = 0.0F;  // both zeros are equal
  const std::uint32_t bits = bits_of(value);
  const std::uint32_t ordered = (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
  return (Key{ordered} << 32) | static_cast<std::uint32_t>(~index);
}

__device__ inline Candidate candidate_of(Key key) {
  const auto ordered = static_cast<std::uint32_t>(key >> 32);
  const std::uint32_t bits = (ordered & 0x80000000U) != 0 ? ordered & 0x7FFFFFFFU : ~ordered;
  return {float_of(bits), static_cast<std::int32_t>(~static_cast<std::uint32_t>(key))};
}

__device__ inline Key greater(Key a, Key b) { return a > b ? a : b; }

/// Of the values of a row's segment.
struct Values {
  const float* row;
  std::uint32_t first;
  std::uint32_t count;
  __device__ Key operator[](std::uint32_t i) const { return key_of(row[first + i], first + i); }
};

/// Of the segments' winners.
struct Winners {
  const Key* keys;
  std::uint32_t count;
  __device__ Key operator[](std::uint32_t i) const { return keys[i]; }
};

/// The greatest key of this thread's that is less than `limit`.
template <class Keys>
__device__ inline Key greatest_below(const Keys& keys, Key limit) {
  Key best = no_key;
  for (unsigned i = threadIdx.x; i < keys.count; i += threads) {
    const Key key = keys[i];
    if (key < limit) best = greater(best, key);
  }
  return best;
}

/// Of all threads; `round` tells the calls apart. Two rounds' winners lie in turns, so that one
/// barrier a round is enough.
__device__ inline Key block_greatest(Key key, unsigned round, Key* of_teams) {
  for (unsigned mask = team_size / 2; mask > 0; mask /= 2) {
    const std::uint32_t high = shuffle_xor(static_cast<std::uint32_t>(key >> 32), mask);
    const std::uint32_t low = shuffle_xor(static_cast<std::uint32_t>(key), mask);
    key = greater(key, (Key{high} << 32) | low);
  }
  Key* mine = of_teams + round % 2 * teams;
  if (threadIdx.x % team_size == 0) mine[threadIdx.x / team_size] = key;
  __syncthreads();
  Key best = no_key;
  for (unsigned team = 0; team < teams; ++team) best = greater(best, mine[team]);
  return best;
}

/// Calls write(i, key) for the `count` greatest, in order; no_key where there are no more.
template <class Keys, class Write>
__device__ inline void take_greatest(const Keys& keys, std::uint32_t count, Write write) {
  GPU_SHARED(Key, of_teams, 2 * teams);
  Key mine = greatest_below(keys, ~Key{0});
  for (unsigned i = 0; i < count; ++i) {
    const Key winner = block_greatest(mine, i, of_teams);
    if (threadIdx.x == 0) write(i, winner);
    if (winner != no_key && winner == mine) mine = greatest_below(keys, winner);
  }
}

__device__ inline Values values_of_block(const float* values, std::uint32_t columns) {
  const auto first = static_cast<std::uint32_t>(blockIdx.x * segment);
  const std::uint32_t left = columns - first;
  return {values + std::size_t{blockIdx.y} * columns, first,
          left < segment ? left : static_cast<std::uint32_t>(segment)};
}

/// Grid: segments, rows. winners: [rows, segments, count]
__global__ void __launch_bounds__(threads)
    find_winners(const float* values, std::uint32_t columns, std::uint32_t count, Key* winners) {
  Key* to = winners + (std::size_t{blockIdx.y} * gridDim.x + blockIdx.x) * count;
  take_greatest(values_of_block(values, columns), count,
                [to](unsigned i, Key key) { to[i] = key; });
}

/// Grid: 1, rows; for rows of one segment.
__global__ void __launch_bounds__(threads) find_greatest(const float* values, std::uint32_t columns,
                                                         std::uint32_t count, Candidate* result) {
  Candidate* to = result + std::size_t{blockIdx.y} * count;
  take_greatest(values_of_block(values, columns), count,
                [to](unsigned i, Key key) { to[i] = candidate_of(key); });
}

/// Grid: 1, rows.
__global__ void __launch_bounds__(threads) pick_greatest(const Key* winners, std::uint32_t of_a_row,
                                                         std::uint32_t count, Candidate* result) {
  Candidate* to = result + std::size_t{blockIdx.y} * count;
  take_greatest(Winners{winners + std::size_t{blockIdx.y} * of_a_row, of_a_row}, count,
                [to](unsigned i, Key key) { to[i] = candidate_of(key); });
}

std::size_t segments_of(std::size_t columns) { return (columns + segment - 1) / segment; }

}  // namespace

std::size_t greatest_scratch_bytes(std::size_t rows, std::size_t columns, std::size_t count) {
  const std::size_t segments = segments_of(columns);
  return segments > 1 ? rows * segments * count * sizeof(Key) : 0;
}

void greatest(const Queue& queue, const float* values, std::size_t rows, std::size_t columns,
              std::size_t count, Candidate* result, std::byte* scratch) {
  assert(count >= 1 && count <= most_candidates && count <= columns);
  if (rows == 0) return;
  const auto width = static_cast<std::uint32_t>(columns);
  const auto wanted = static_cast<std::uint32_t>(count);
  const auto segments = static_cast<unsigned>(segments_of(columns));
  const dim3 grid(1, static_cast<unsigned>(rows));
  const dim3 block(threads);
  if (segments == 1) {
    GPU_LAUNCH(find_greatest, grid, block, queue, values, width, wanted, result);
    return;
  }
  Key* winners = reinterpret_cast<Key*>(scratch);
  GPU_LAUNCH(find_winners, dim3(segments, static_cast<unsigned>(rows)), block, queue, values, width,
             wanted, winners);
  GPU_LAUNCH(pick_greatest, grid, block, queue, winners, segments * wanted, wanted, result);
}

}  // namespace squall::kernels::hip
