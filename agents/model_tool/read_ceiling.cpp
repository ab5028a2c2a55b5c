#include "agents/model_tool/read_ceiling.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace squall::agents {

namespace {

using Clock = std::chrono::steady_clock;

// Four independent sums of 16 bytes: more than any cache level delivers, on every processor.
using Lanes [[gnu::vector_size(16)]] = std::uint64_t;

std::uint64_t sum_of(const Lanes* values, std::size_t count) {
  Lanes a{};
  Lanes b{};
  Lanes c{};
  Lanes d{};
  for (std::size_t i = 0; i + 4 <= count; i += 4) {
    a += values[i];
    b += values[i + 1];
    c += values[i + 2];
    d += values[i + 3];
    __builtin_prefetch(values + i + 256);
  }
  a += b + c + d;
  return a[0] + a[1];
}

class Buffer {
 public:
  explicit Buffer(std::size_t bytes) : bytes_(bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    madvise(memory, bytes, MADV_HUGEPAGE);
    data_ = static_cast<std::byte*>(memory);
    std::fill_n(data_, bytes, std::byte{1});  // untouched pages would all be the same zero page
  }
  ~Buffer() { munmap(data_, bytes_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  const Lanes* data() const { return reinterpret_cast<const Lanes*>(data_); }

 private:
  std::size_t bytes_;
  std::byte* data_;
};

}  // namespace

double read_ceiling(std::size_t bytes, std::size_t threads) {
  constexpr auto patience = std::chrono::milliseconds(700);
  const std::size_t part = bytes / threads / sizeof(Lanes);
  const Buffer buffer(part * threads * sizeof(Lanes));
  std::atomic<std::uint64_t> sink{0};  // so that no pass can be left out
  double best = 0;
  const auto begun = Clock::now();
  for (int pass = 0; pass < 3 || Clock::now() - begun < patience; ++pass) {
    const auto start = Clock::now();
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < threads; ++i) {
        others.emplace_back([&, i] { sink += sum_of(buffer.data() + i * part, part); });
      }
      sink += sum_of(buffer.data(), part);
    }
    const std::chrono::duration<double> elapsed = Clock::now() - start;
    best = std::max(best, static_cast<double>(part * threads * sizeof(Lanes)) / elapsed.count());
  }
  return best;
}

}  // namespace squall::agents
