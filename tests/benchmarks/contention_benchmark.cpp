#include "tests/benchmarks/contention_benchmark.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "kernels/cpu/threads/thread_pool.hpp"

namespace squall::benchmarks {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Sums that no compiler can leave out: as long as `turns` dependent multiply-adds.
void turn(std::size_t turns, float& place) {
  float sum = place;
  for (std::size_t i = 0; i < turns; ++i) sum = sum * 0.999F + 0.001F;
  place = sum;
}

std::size_t turns_of_a_microsecond() {
  float place = 0.0F;
  double best = 1e9;
  for (int i = 0; i < 50; ++i) {
    const auto begun = Clock::now();
    turn(20'000, place);
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begun).count());
  }
  if (place == 0.0F) return 0;  // keeps the loop: it never is
  return static_cast<std::size_t>(20'000 * 1e-6 / best);
}

/// Jobs as a small model's layers bring them: 20 to 200 microseconds, in chunks of 2.5, and between
/// them 3 microseconds of which nothing can be shared. Returns microseconds of work done in a
/// microsecond.
double speed(kernels::ThreadPool& pool, std::size_t turns, milliseconds duration) {
  constexpr std::array chunks_of_a_job = {8, 40, 16, 80, 24, 8, 60};
  std::vector<float> places(80 * 16, 1.0F);  // a cache line each
  const auto begun = Clock::now();
  double work = 0;
  for (std::size_t job = 0;; ++job) {
    const auto chunks = static_cast<std::size_t>(chunks_of_a_job[job % chunks_of_a_job.size()]);
    pool.run(chunks, [&](std::size_t chunk, std::size_t /*thread*/) {
      turn(turns * 5 / 2, places[chunk * 16]);
    });
    turn(turns * 3, places[0]);
    work += static_cast<double>(chunks) * 2.5 + 3.0;
    const auto elapsed = Clock::now() - begun;
    if (elapsed >= duration)
      return work / std::chrono::duration<double, std::micro>(elapsed).count();
  }
}

class BusyThread {
 public:
  BusyThread()
      : thread_([this] {
          while (!stop_.load(std::memory_order_relaxed)) turns_.fetch_add(1);
        }) {}
  ~BusyThread() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<long> turns_ = 0;
  std::thread thread_;
};

struct Rates {
  std::vector<double> one, two, ratio;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void print(const char* what, const Rates& rates) {
  const auto [low, high] = std::ranges::minmax(rates.ratio);
  std::printf("  %-28s 1 thread %5.2f   2 threads %5.2f   ratio %5.2f [%.2f .. %.2f]\n", what,
              median(rates.one), median(rates.two), median(rates.ratio), low, high);
  std::fflush(stdout);
}

}  // namespace

void bench_contention(int repetitions) {
  const std::size_t turns = turns_of_a_microsecond();
  kernels::ThreadPool one(1);
  kernels::ThreadPool two(2);
  std::printf("thread pool: work of many small jobs done in a second, in seconds; %u cores\n",
              std::thread::hardware_concurrency());
  for (const bool contended : {false, true}) {
    Rates rates;
    for (int i = 0; i < repetitions; ++i) {
      std::unique_ptr<BusyThread> foreign;
      if (contended) foreign = std::make_unique<BusyThread>();
      rates.one.push_back(speed(one, turns, milliseconds(400)));
      rates.two.push_back(speed(two, turns, milliseconds(400)));
      rates.ratio.push_back(rates.two.back() / rates.one.back());
    }
    print(contended ? "one busy foreign thread" : "no foreign thread of ours", rates);
  }
}

}  // namespace squall::benchmarks
