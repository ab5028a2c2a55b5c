#pragma once
// Shares the chunks of one piece of work among a few threads, the calling one included.
//
// One thread at a time calls run(); it works along and returns when the last chunk is done. Threads
// take chunks one by one, so that a thread whose core is busy elsewhere takes fewer. Nobody waits
// for a thread that took none, and whoever waits spins only briefly and then sleeps: other programs
// share these cores. While they leave no room for help, the caller works alone.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "kernels/cpu/sharing_trial.hpp"

namespace squall::kernels {

class ThreadPool {
 public:
  /// `threads`: at least 1, the caller of run() included; 1 starts no thread at all.
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t threads() const { return workers_.size() + 1; }

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

  void run(const Job& job);
  void work_until_stopped(std::size_t thread);
  bool do_chunk(std::size_t thread);
  bool wait_until_done();

  // job_ may be read by whoever has taken a chunk of it: run() does not return, and so nobody
  // writes job_, before that chunk is done.
  Job job_;
  SharingTrial trial_;
  std::atomic<std::uint32_t> untaken_ = 0;     // chunks of job_ that nobody has taken
  std::atomic<std::uint32_t> unfinished_ = 0;  // chunks of job_ not yet done
  std::atomic<std::uint32_t> calls_ = 0;       // changes to wake the sleepers
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace squall::kernels
