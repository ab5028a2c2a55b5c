#include "tests/benchmarks/hardware/stream_loops.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace squall::benchmarks {

namespace {

using Clock = std::chrono::steady_clock;

double sum(const double* values, std::size_t count) {
  double sums[8] = {};
  for (std::size_t i = 0; i + 8 <= count; i += 8)
    for (std::size_t k = 0; k < 8; ++k) sums[k] += values[i + k];
  return sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
}

}  // namespace

LargeArray::LargeArray(std::size_t count, double value) : count_(count) {
  constexpr std::size_t large_page = std::size_t{2} << 20;
  const std::size_t bytes = (count * sizeof(double) + large_page - 1) / large_page * large_page;
  void* memory = std::aligned_alloc(large_page, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  madvise(memory, bytes, MADV_HUGEPAGE);
  data_ = static_cast<double*>(memory);
  std::fill_n(data_, count, value);
}

LargeArray::~LargeArray() { std::free(data_); }

StreamLoops::StreamLoops(std::size_t doubles, std::size_t threads)
    : threads_(threads), a_(doubles, 1.0), b_(doubles, 2.0), c_(doubles, 0.0) {}

/// `work(first, count)` by each thread on its part, all at once; threads wait for one another by
/// spinning, as a busy loop is what they do anyway.
template <class Work>
double StreamLoops::best_seconds(std::size_t passes, const Work& work) {
  const std::size_t part = a_.size() / threads_;
  std::atomic<std::size_t> begun{0}, done{0};
  std::vector<std::jthread> others;
  for (std::size_t thread = 1; thread < threads_; ++thread)
    others.emplace_back([&, thread] {
      for (std::size_t pass = 1; pass <= passes; ++pass) {
        while (begun.load() < pass) std::this_thread::yield();
        work(thread * part, part);
        ++done;
      }
    });
  double best = 1e9;
  for (std::size_t pass = 1; pass <= passes; ++pass) {
    const auto start = Clock::now();
    begun = pass;
    work(0, part);
    while (done.load() < pass * (threads_ - 1)) std::this_thread::yield();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

StreamRates StreamLoops::measure(std::size_t passes) {
  const double bytes = static_cast<double>(a_.size() / threads_ * threads_ * sizeof(double));
  std::atomic<double> sink{0};  // so that no sum can be left out
  StreamRates rates;
  rates.read = bytes / best_seconds(passes, [&](std::size_t first, std::size_t count) {
                 sink = sum(a_.data() + first, count);
               });
  rates.copy = 2 * bytes / best_seconds(passes, [&](std::size_t first, std::size_t count) {
                 std::copy_n(a_.data() + first, count, b_.data() + first);
               });
  rates.triad = 3 * bytes / best_seconds(passes, [&](std::size_t first, std::size_t count) {
                  double* const c = c_.data();
                  const double* const a = a_.data();
                  const double* const b = b_.data();
                  for (std::size_t i = first; i < first + count; ++i) c[i] = a[i] + 3.0 * b[i];
                });
  return rates;
}

}  // namespace squall::benchmarks
