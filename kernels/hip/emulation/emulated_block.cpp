#include "kernels/hip/emulation/emulated_block.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "kernels/hip/emulation/emulation_settings.hpp"
#include "kernels/hip/emulation/fiber.hpp"

namespace squall::kernels::hip::emulation {

Running running;

namespace {

struct SharedArray {
  const void* memory;
  std::size_t bytes;
};

/// The block that runs; reused from block to block with its fibers and their stacks.
struct Block {
  Kernel kernel{};
  unsigned wave_size = 32;
  bool backwards = false;
  std::vector<Lane> lanes;  // in the order in which they run
  unsigned wave_first = 0;  // the wave that runs: lanes [wave_first, wave_last)
  unsigned wave_last = 0;
  // What lanes offer to the others of their wave, by number. Two by turns: who offers again has
  // seen all others come to this exchange, so all have taken what was offered in the one before.
  std::vector<std::uint32_t> offered[2];
  std::vector<SharedArray> shared;
  std::size_t shared_bytes = 0;
  std::exception_ptr error;
};

Block the_block;
FiberPool the_fibers;

Block& block() { return the_block; }
FiberPool& fibers() { return the_fibers; }

unsigned position_of(const Lane& lane) {
  return static_cast<unsigned>(&lane - block().lanes.data());
}

bool can_run(const Lane& lane) {
  return lane.state == LaneState::unstarted || lane.state == LaneState::ready;
}

/// Of the running wave, from a position on; null: none.
Lane* next_from(unsigned position) {
  Block& b = block();
  for (unsigned i = position; i < b.wave_last; ++i) {
    if (can_run(b.lanes[i])) return &b.lanes[i];
  }
  return nullptr;
}

std::string where(const Site& site) {
  const std::string path = site.file_name();
  return path.substr(path.rfind('/') + 1) + ":" + std::to_string(site.line());
}

std::string text(dim3 index) {
  std::string all = "(";
  all += std::to_string(index.x) + ", " + std::to_string(index.y) + ", ";
  return all += std::to_string(index.z) + ")";
}

std::string describe(const Lane& lane) {
  const std::string thread = "thread " + text(lane.index);
  switch (lane.state) {
    case LaneState::at_barrier:
      return thread + " waits at the barrier in " + where(lane.site);
    case LaneState::at_shuffle:
      return thread + " waits at the shuffle in " + where(lane.site);
    case LaneState::ended:
      return thread + " has ended";
    default:
      return thread + " could go on";
  }
}

[[noreturn]] void fail(const std::string& what) {
  throw EmulationError("kernel '" + std::string(block().kernel.name) + "', block " +
                       text(running.block) + ": " + what);
}

/// All lanes [first, last) wait at one place.
void check_together(unsigned first, unsigned last) {
  const std::vector<Lane>& lanes = block().lanes;
  for (unsigned i = first + 1; i < last; ++i) {
    const Lane& a = lanes[first];
    const Lane& b = lanes[i];
    if (a.state == b.state && (a.state == LaneState::ended || a.site.line() == b.site.line())) {
      continue;
    }
    fail(describe(a) + ", " + describe(b) + ": on a device they would wait for each other");
  }
}

/// Lets the running wave go on after a shuffle that all its lanes have reached; false: not all
/// have.
bool release_shuffle() {
  Block& b = block();
  for (unsigned i = b.wave_first; i < b.wave_last; ++i) {
    const Lane& lane = b.lanes[i];
    if (lane.state != LaneState::at_shuffle) return false;
    if (lane.site.line() != b.lanes[b.wave_first].site.line()) return false;
  }
  for (unsigned i = b.wave_first; i < b.wave_last; ++i) b.lanes[i].state = LaneState::ready;
  return true;
}

/// Who runs after the lane at `position` of the running wave; null: nobody can.
Lane* successor(unsigned position) {
  Block& b = block();
  if (Lane* const next = next_from(position + 1)) return next;
  if (Lane* const next = next_from(b.wave_first)) return next;
  return release_shuffle() ? &b.lanes[b.wave_first] : nullptr;
}

/// Gives the processor to a lane, or back to run_block() when there is none.
void hand_over(Lane* next) {
  Fiber& mine = fibers().current();
  if (next == nullptr) {
    fibers().jump(mine, fibers().outside());
    return;
  }
  running.lane = next;
  if (next->state == LaneState::unstarted) next->fiber = &fibers().take();
  next->state = LaneState::ready;
  if (next->fiber != &mine) fibers().jump(mine, *next->fiber);
}

void park(LaneState state, Site site) {
  Lane& me = *running.lane;
  me.state = state;
  me.site = site;
  hand_over(successor(position_of(me)));
  assert(running.lane == &me);
}

void run_lane() {
  try {
    block().kernel.body(block().kernel.arguments);
  } catch (...) {
    block().error = std::current_exception();
  }
  running.lane->state = LaneState::ended;
}

/// A fiber runs lanes one after the other as long as none waits; so a kernel without barriers
/// needs only one.
void run_lanes() {
  for (;;) {
    run_lane();
    Lane* const next = block().error ? nullptr : successor(position_of(*running.lane));
    Fiber& mine = fibers().current();
    if (next != nullptr && next->state == LaneState::unstarted) {
      running.lane = next;
      next->state = LaneState::ready;
      next->fiber = &mine;
      continue;
    }
    fibers().give_back(mine);
    hand_over(next);
  }
}

void prepare_lanes(dim3 size) {
  Block& b = block();
  const unsigned count = size.x * size.y * size.z;
  b.lanes.resize(count);
  for (auto& offered : b.offered) offered.resize(count);
  for (unsigned i = 0; i < count; ++i) {
    const unsigned number = b.backwards ? count - 1 - i : i;
    b.lanes[i].number = number;
    b.lanes[i].index = {number % size.x, number / size.x % size.y, number / (size.x * size.y)};
  }
}

void start_lanes() {
  for (Lane& lane : block().lanes) {
    lane.state = LaneState::unstarted;
    lane.exchanges = 0;
  }
  block().shared.clear();
  block().shared_bytes = 0;
}

/// Runs the lanes [first, last) until each has ended or waits at the block's barrier.
void run_wave(unsigned first, unsigned last) {
  Block& b = block();
  b.wave_first = first;
  b.wave_last = last;
  Lane* const start = next_from(first);
  if (start == nullptr) return;
  hand_over(start);
  if (b.error) std::rethrow_exception(std::exchange(b.error, nullptr));
  check_together(first, last);
}

void run_block() {
  Block& b = block();
  start_lanes();
  const auto count = static_cast<unsigned>(b.lanes.size());
  // The first wave to run is the short one when the order is backwards.
  const unsigned shorter = count % b.wave_size;
  for (;;) {
    for (unsigned first = 0; first < count;) {
      const unsigned length = b.backwards && first == 0 && shorter != 0 ? shorter : b.wave_size;
      const unsigned last = std::min(count, first + length);
      run_wave(first, last);
      first = last;
    }
    check_together(0, count);
    if (b.lanes[0].state == LaneState::ended) return;
    for (Lane& lane : b.lanes) lane.state = LaneState::ready;
  }
}

void run_blocks(dim3 grid) {
  const std::uint64_t count = std::uint64_t{grid.x} * grid.y * grid.z;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t number = block().backwards ? count - 1 - i : i;
    running.block = {static_cast<unsigned>(number % grid.x),
                     static_cast<unsigned>(number / grid.x % grid.y),
                     static_cast<unsigned>(number / (std::uint64_t{grid.x} * grid.y))};
    run_block();
  }
}

}  // namespace

std::mutex& block_mutex() {
  static std::mutex mutex;
  return mutex;
}

void run_grid(const Kernel& kernel, dim3 grid, dim3 size) {
  Block& b = block();
  b.kernel = kernel;
  b.wave_size = settings().wave_size;
  b.backwards = settings().backwards;
  running.block_size = size;
  running.grid_size = grid;
  prepare_lanes(size);
  fibers().enter(run_lanes);
  try {
    run_blocks(grid);
  } catch (...) {
    fibers().abandon_all();
    throw;
  }
}

unsigned lane_of_wave() { return running.lane->number % block().wave_size; }

void barrier(Site site) { park(LaneState::at_barrier, site); }

namespace {

/// Offers a value and waits until the whole wave has; what its lanes offered.
const std::uint32_t* offer(std::uint32_t value, Site site) {
  Block& b = block();
  if (b.lanes.size() % b.wave_size != 0) {
    fail("the shuffle in " + where(site) + " needs whole waves, but the block has " +
         std::to_string(b.lanes.size()) + " threads");
  }
  Lane& me = *running.lane;
  const std::vector<std::uint32_t>& offered = b.offered[me.exchanges % 2];
  b.offered[me.exchanges++ % 2][me.number] = value;
  park(LaneState::at_shuffle, site);
  return offered.data() + me.number / b.wave_size * b.wave_size;
}

}  // namespace

std::uint32_t exchange(std::uint32_t value, unsigned source, Site site) {
  const std::uint32_t* const offered = offer(value, site);
  return source < block().wave_size ? offered[source] : value;
}

void exchange_all(std::uint32_t value, std::uint32_t* all, Site site) {
  std::copy_n(offer(value, site), block().wave_size, all);
}

void declare_shared(void* memory, std::size_t bytes, const char* name) {
  Block& b = block();
  for (const SharedArray& known : b.shared) {
    if (known.memory == memory) return;
  }
  b.shared.push_back({memory, bytes});
  b.shared_bytes += bytes;
  if (b.shared_bytes > most_shared_bytes) {
    fail("with '" + std::string(name) + "' the block has " + std::to_string(b.shared_bytes) +
         " bytes of shared memory; a device gives " + std::to_string(most_shared_bytes));
  }
  std::memset(memory, 0xFF, bytes);
}

void report_misaligned(const void* address, Site site) {
  fail("16 bytes at once from an address that is no multiple of 16, " +
       std::to_string(reinterpret_cast<std::uintptr_t>(address) % 16) + " beyond one, in " +
       where(site));
}

}  // namespace squall::kernels::hip::emulation
