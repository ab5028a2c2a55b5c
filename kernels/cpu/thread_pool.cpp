#include "kernels/cpu/thread_pool.hpp"

#include <cassert>
#include <limits>
#include <pthread.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace squall::kernels {
namespace {

// About as long as the caller's own small steps between two multiplications: shorter waits end
// while spinning, longer ones give the core to somebody else.
constexpr int spins_before_sleep = 1000;

void rest_a_moment() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

}  // namespace

ThreadPool::ThreadPool(std::size_t threads) {
  assert(threads >= 1);
  workers_.reserve(threads - 1);
  for (std::size_t thread = 1; thread < threads; ++thread) {
    workers_.emplace_back([this, thread] { work_until_stopped(thread); });
  }
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  ++calls_;
  calls_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

std::chrono::nanoseconds ThreadPool::worker_cpu_time() const {
  std::chrono::nanoseconds total{0};
  for (const std::thread& worker : workers_) {
    clockid_t clock{};
    timespec time{};
    const auto handle = const_cast<std::thread&>(worker).native_handle();
    if (pthread_getcpuclockid(handle, &clock) != 0 || clock_gettime(clock, &time) != 0) continue;
    total += std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
  return total;
}

void ThreadPool::run(const Job& job) {
  if (workers_.empty() || job.chunks <= 1 || !trial_.share_next()) {
    for (std::size_t chunk = 0; chunk < job.chunks; ++chunk) job.call(job.work, chunk, 0);
    return;
  }
  assert(unfinished_ == 0);
  job_ = job;
  unfinished_ = job.chunks;
  untaken_ = job.chunks;
  ++calls_;
  calls_.notify_all();
  std::uint32_t own_chunks = 0;
  while (do_chunk(0)) ++own_chunks;
  const bool kept_waiting = wait_until_done();
  trial_.record(own_chunks < job.chunks, kept_waiting);
}

/// Takes one chunk of the current job and does it; false if none is left to take.
bool ThreadPool::do_chunk(std::size_t thread) {
  std::uint32_t untaken = untaken_;
  while (untaken != 0 && !untaken_.compare_exchange_weak(untaken, untaken - 1)) {
  }
  if (untaken == 0) return false;
  job_.call(job_.work, job_.chunks - untaken, thread);
  if (--unfinished_ == 0) unfinished_.notify_one();
  return true;
}

/// Returns whether it took so long that the caller went to sleep.
bool ThreadPool::wait_until_done() {
  for (int spin = 0; spin < spins_before_sleep; ++spin) {
    if (unfinished_ == 0) return false;
    rest_a_moment();
  }
  bool slept = false;
  for (std::uint32_t left = unfinished_; left != 0; left = unfinished_) {
    unfinished_.wait(left);
    slept = true;
  }
  return slept;
}

void ThreadPool::work_until_stopped(std::size_t thread) {
  int spins = 0;
  while (!stopping_) {
    // Read before looking for work: a job that comes after the look has changed calls_, and the
    // wait below ends at once.
    const std::uint32_t seen_calls = calls_;
    if (do_chunk(thread)) {
      spins = 0;
    } else if (spins < spins_before_sleep) {
      ++spins;
      rest_a_moment();
    } else if (!stopping_) {
      calls_.wait(seen_calls);
      spins = 0;
    }
  }
}

}  // namespace squall::kernels
