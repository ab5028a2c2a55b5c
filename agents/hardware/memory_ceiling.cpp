#include "agents/hardware/memory_ceiling.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <new>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace squall::agents {

namespace {

using Clock = std::chrono::steady_clock;

// Four independent sums of 16 bytes: more than any cache level delivers, on every processor.
using Lanes [[gnu::vector_size(16)]] = std::uint64_t;
constexpr std::size_t step = 4 * sizeof(Lanes);

// A pass of each thread: a millisecond or two, shorter than other programs' turns on a busy
// machine, and long against the threads' meeting before and after it.
constexpr std::size_t slice_bytes = 16U << 20;
constexpr std::size_t least_passes = 3;

std::uint64_t sum_of(const std::byte* bytes, std::size_t count) {
  const auto* values = reinterpret_cast<const Lanes*>(bytes);
  Lanes a{};
  Lanes b{};
  Lanes c{};
  Lanes d{};
  for (std::size_t i = 0; i + 4 <= count / sizeof(Lanes); i += 4) {
    a += values[i];
    b += values[i + 1];
    c += values[i + 2];
    d += values[i + 3];
    __builtin_prefetch(values + i + 256);
  }
  a += b + c + d;
  return a[0] + a[1];
}

/// Whole steps, so that every byte is read.
std::size_t part_of(std::size_t bytes, std::size_t threads) {
  return bytes / threads / step * step;
}

}  // namespace

ReadBuffer::ReadBuffer(std::size_t bytes, std::size_t threads) : bytes_(bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  madvise(memory, bytes, MADV_HUGEPAGE);
  data_ = static_cast<std::byte*>(memory);
  std::vector<std::jthread> writers;
  const std::size_t part = bytes / threads;
  for (std::size_t i = 0; i < threads; ++i) {
    const std::size_t count = i + 1 < threads ? part : bytes - i * part;
    // Untouched pages would all be the same zero page.
    writers.emplace_back(
        [this, i, part, count] { std::fill_n(data_ + i * part, count, std::byte{1}); });
  }
}

ReadBuffer::~ReadBuffer() { munmap(data_, bytes_); }

double read_rate(const ReadBuffer& buffer, std::size_t threads, std::chrono::nanoseconds patience) {
  const std::size_t part = part_of(buffer.bytes(), threads);
  const std::size_t slice = std::min(part, slice_bytes);
  const std::size_t slices = part / slice;
  std::atomic<std::uint64_t> sink{0};  // so that no pass can be left out
  bool over = false;                   // written before a barrier, read after it
  std::barrier together(static_cast<std::ptrdiff_t>(threads));
  const auto read_slice = [&](std::size_t thread, std::size_t pass) {
    sink += sum_of(buffer.data() + thread * part + pass % slices * slice, slice);
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < threads; ++i)
    others.emplace_back([&, i] {
      for (std::size_t pass = 0;; ++pass) {
        together.arrive_and_wait();
        if (over) return;
        read_slice(i, pass);
        together.arrive_and_wait();
      }
    });
  double best = 0;
  const auto begun = Clock::now();
  for (std::size_t pass = 0;; ++pass) {
    over = pass >= least_passes && Clock::now() - begun >= patience;
    const auto start = Clock::now();  // before the others can begin, so that no time is left out
    together.arrive_and_wait();
    if (over) return best;
    read_slice(0, pass);
    together.arrive_and_wait();
    const std::chrono::duration<double> elapsed = Clock::now() - start;
    best = std::max(best, static_cast<double>(slice * threads) / elapsed.count());
  }
}

double read_ceiling(std::size_t bytes, std::size_t threads) {
  return read_rate(ReadBuffer(bytes, threads), threads, std::chrono::milliseconds(700));
}

}  // namespace squall::agents
