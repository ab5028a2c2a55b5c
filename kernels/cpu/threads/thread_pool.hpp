#pragma once
// Shares the chunks of one piece of work among a few threads, the calling one included.
//
// One thread at a time calls run(); it works along and returns when the last chunk is done. Each
// thread has a range of chunks, takes them from its front, and then steals from the ends of the
// others' ranges, so that a thread whose core is busy elsewhere does less. Nobody waits for a
// thread that took none, and whoever waits spins only briefly and then sleeps: other programs share
// these cores. While they leave no room for help, the caller works alone. Clocks decide where a
// chunk is done, never what is computed.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "kernels/cpu/threads/sharing_trial.hpp"

namespace squall::kernels {

struct ThreadPoolOptions {
  std::size_t threads = 1;  // the caller of run() included; 1 starts no thread at all
  /// Keeps each of the pool's own threads on a core of its own, the fastest first; the first is
  /// left to the caller, who stays free to move.
  bool pin = false;
};

class ThreadPool {
 public:
  explicit ThreadPool(ThreadPoolOptions options);
  explicit ThreadPool(std::size_t threads) : ThreadPool(ThreadPoolOptions{.threads = threads}) {}
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t threads() const { return threads_; }

  /// CPU time of the pool's own threads so far.
  std::chrono::nanoseconds worker_cpu_time() const;

  /// Calls work(chunk, thread) once for each chunk in [0, chunks), in any order, at the same time
  /// from at most threads() threads; `thread` in [0, threads()) tells them apart. `work` must not
  /// throw and must not call run().
  template <class Work>
  void run(std::size_t chunks, const Work& work) {
    run({.chunks = static_cast<std::uint32_t>(chunks),
         .work = &work,
         .call = [](const void* object, std::size_t chunk, std::size_t thread) {
           (*static_cast<const Work*>(object))(chunk, thread);
         }});
  }

 private:
  struct Job {
    std::uint32_t chunks = 0;
    const void* work = nullptr;
    void (*call)(const void* work, std::size_t chunk, std::size_t thread) = nullptr;
  };
  /// Chunks that nobody has taken: the first in the upper half, the end in the lower. A cache line
  /// each, since every thread writes mostly its own.
  struct alignas(64) Range {
    std::atomic<std::uint64_t> chunks = 0;
  };

  void run(const Job& job);
  void share(const Job& job);
  bool take_first(Range& range, std::uint32_t& chunk);
  bool steal_last(Range& range, std::uint32_t& chunk);
  bool do_chunk(std::size_t thread);
  void wait_until_done();
  void work_until_stopped(std::size_t thread);
  void pin_workers();
  void stop();  // and joins

  // job_ may be read by whoever has taken a chunk of it: run() does not return, and so nobody
  // writes job_, before that chunk is done.
  Job job_;
  SharingTrial trial_;
  const std::size_t threads_;
  std::unique_ptr<Range[]> ranges_;            // of each thread
  std::atomic<std::uint32_t> unfinished_ = 0;  // chunks of job_ not yet done
  std::atomic<std::uint32_t> calls_ = 0;       // changes to wake the sleepers
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace squall::kernels
