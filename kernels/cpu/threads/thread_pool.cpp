#include "kernels/cpu/threads/thread_pool.hpp"

#include <cassert>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <system_error>
#include <time.h>

#include "kernels/cpu/threads/core_order.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace squall::kernels {
namespace {

using Clock = std::chrono::steady_clock;

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

std::chrono::nanoseconds read(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

constexpr std::uint64_t range_of(std::uint32_t first, std::uint32_t end) {
  return std::uint64_t{first} << 32 | end;
}
constexpr std::uint32_t first_of(std::uint64_t range) {
  return static_cast<std::uint32_t>(range >> 32);
}
constexpr std::uint32_t end_of(std::uint64_t range) { return static_cast<std::uint32_t>(range); }

}  // namespace

ThreadPool::ThreadPool(ThreadPoolOptions options)
    : threads_(options.threads), ranges_(std::make_unique<Range[]>(options.threads)) {
  assert(options.threads >= 1);
  workers_.reserve(options.threads - 1);
  try {
    for (std::size_t thread = 1; thread < options.threads; ++thread) {
      workers_.emplace_back([this, thread] { work_until_stopped(thread); });
    }
  } catch (const std::system_error& error) {  // the system's limit of threads, or of memory
    const std::size_t started = workers_.size() + 1;
    stop();
    throw std::runtime_error("cannot start thread " + std::to_string(started + 1) + " of " +
                             std::to_string(options.threads) + ": " + error.what() +
                             "; ask for fewer");
  }
  if (options.pin) pin_workers();
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  stopping_ = true;
  ++calls_;
  calls_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

/// Where the system refuses, a thread stays where the system puts it.
void ThreadPool::pin_workers() {
#if defined(__linux__)
  const std::vector<int> cores = best_first(usable_cores());
  for (std::size_t i = 0; i < workers_.size() && i + 1 < cores.size(); ++i) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cores[i + 1], &set);
    pthread_setaffinity_np(workers_[i].native_handle(), sizeof(set), &set);
  }
#endif
}

std::chrono::nanoseconds ThreadPool::worker_cpu_time() const {
  std::chrono::nanoseconds total{0};
  for (const std::thread& worker : workers_) {
    clockid_t clock{};
    const auto handle = const_cast<std::thread&>(worker).native_handle();
    if (pthread_getcpuclockid(handle, &clock) == 0) total += read(clock);
  }
  return total;
}

void ThreadPool::run(const Job& job) {
  if (!workers_.empty() && job.chunks > 1 && trial_.share_next(Clock::now())) return share(job);
  for (std::size_t chunk = 0; chunk < job.chunks; ++chunk) job.call(job.work, chunk, 0);
}

void ThreadPool::share(const Job& job) {
  assert(unfinished_ == 0);
  const bool in_cpu_time = trial_.wants_cpu_time();
  const auto own_time = [in_cpu_time] {
    return read(in_cpu_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC);
  };
  const auto begun = Clock::now();
  job_ = job;
  unfinished_ = job.chunks;
  for (std::size_t thread = 0; thread < threads(); ++thread) {
    const auto first = static_cast<std::uint32_t>(job.chunks * thread / threads());
    const auto end = static_cast<std::uint32_t>(job.chunks * (thread + 1) / threads());
    ranges_[thread].chunks = range_of(first, end);
  }
  ++calls_;
  calls_.notify_all();
  const auto own_begun = own_time();
  std::uint32_t own_chunks = 0;
  while (do_chunk(0)) ++own_chunks;
  const auto own = own_time() - own_begun;
  wait_until_done();
  if (own_chunks == 0) return;  // there is nothing to judge by
  const auto now = Clock::now();
  trial_.record(own * job.chunks / own_chunks, now - begun, in_cpu_time, now);
}

bool ThreadPool::take_first(Range& range, std::uint32_t& chunk) {
  std::uint64_t seen = range.chunks;
  do {
    if (first_of(seen) >= end_of(seen)) return false;
    chunk = first_of(seen);
  } while (!range.chunks.compare_exchange_weak(seen, range_of(chunk + 1, end_of(seen))));
  return true;
}

bool ThreadPool::steal_last(Range& range, std::uint32_t& chunk) {
  std::uint64_t seen = range.chunks;
  do {
    if (first_of(seen) >= end_of(seen)) return false;
    chunk = end_of(seen) - 1;
  } while (!range.chunks.compare_exchange_weak(seen, range_of(first_of(seen), chunk)));
  return true;
}

/// Takes one chunk of the current job and does it; false if none is left to take.
bool ThreadPool::do_chunk(std::size_t thread) {
  std::uint32_t chunk = 0;
  bool taken = take_first(ranges_[thread], chunk);
  for (std::size_t other = 1; !taken && other < threads(); ++other) {
    taken = steal_last(ranges_[(thread + other) % threads()], chunk);
  }
  if (!taken) return false;
  job_.call(job_.work, chunk, thread);
  if (--unfinished_ == 0) unfinished_.notify_one();
  return true;
}

void ThreadPool::wait_until_done() {
  for (int spin = 0; spin < spins_before_sleep; ++spin) {
    if (unfinished_ == 0) return;
    rest_a_moment();
  }
  for (std::uint32_t left = unfinished_; left != 0; left = unfinished_) unfinished_.wait(left);
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
