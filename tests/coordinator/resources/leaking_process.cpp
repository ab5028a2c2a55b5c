// A process that leaks as fast as it is told to, beside batches that come and go, and tells once in
// 500 ms what it has resident, as agents measure themselves. Ends by itself.
//
//   leaking-process MB_PER_HOUR SECONDS BATCH_MB

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <thread>
#include <vector>

#include "agents/resources/resource_sampler.hpp"

namespace {

using namespace squall::agents;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Never given back, and really there: every page is written to. Of the kernel, for an allocator
/// would add to what was planted: its headers, and gaps beside the batches.
void leak(std::size_t bytes) {
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::exit(1);
  for (std::size_t at = 0; at < bytes; at += 512) static_cast<volatile char*>(memory)[at] = 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const double rate = std::atof(argv[1]) * 1e6 / 3600;
  const double seconds = std::atof(argv[2]);
  const auto batch = static_cast<std::size_t>(std::atof(argv[3]) * 1e6);
  constexpr std::size_t piece = 4096;
  constexpr int steps_a_batch = 20;
  const auto start = Clock::now();
  ResourceSampler sampler({MachineReader{}, {}, {}, [] { return Clock::now(); }}, start);
  std::vector<std::vector<char>> open_batch;
  std::size_t leaked = 0;
  for (int step = 0; since(start) < seconds; ++step) {
    for (; static_cast<double>(leaked + piece) <= rate * since(start); leaked += piece) leak(piece);
    if (batch > 0) {
      if (step % steps_a_batch == 0) open_batch.clear();
      open_batch.emplace_back(batch / steps_a_batch, 'x');
    }
    if (const auto sample = sampler.sample(measure_own_process()))
      std::printf("%.6f %llu\n", std::chrono::duration<double>(sample->to).count(),
                  static_cast<unsigned long long>(sample->resident_bytes));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return 0;
}
