#include "kernels/cpu/threads/thread_pool.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <sched.h>

namespace squall::kernels {
namespace {

using std::chrono::milliseconds;

/// How often each chunk was done; each place is written by whoever does that chunk.
std::vector<int> count_calls(ThreadPool& pool, std::size_t chunks) {
  std::vector<int> calls(chunks, 0);
  pool.run(chunks, [&](std::size_t chunk, std::size_t /*thread*/) { ++calls[chunk]; });
  return calls;
}

/// Keeps a core busy with something else.
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

BOOST_AUTO_TEST_CASE(every_chunk_is_done_exactly_once) {
  for (const std::size_t threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    BOOST_TEST(pool.threads() == threads);
    for (const std::size_t chunks : {0, 1, 2, 3, 7, 64, 1000}) {
      BOOST_REQUIRE(count_calls(pool, chunks) == std::vector<int>(chunks, 1));
    }
  }
}

BOOST_AUTO_TEST_CASE(thousands_of_short_jobs_in_a_row_lose_and_repeat_nothing) {
  ThreadPool pool(4);
  std::vector<int> calls(16, 0);
  constexpr int jobs = 5000;
  for (int job = 0; job < jobs; ++job) {
    const std::size_t chunks = 1 + static_cast<std::size_t>(job) % calls.size();
    std::atomic<std::size_t> done = 0;
    pool.run(chunks, [&](std::size_t chunk, std::size_t /*thread*/) {
      ++calls[chunk];
      ++done;
    });
    BOOST_REQUIRE_EQUAL(done, chunks);
  }
  // Chunk c is part of every job that has more than c chunks.
  for (std::size_t c = 0; c < calls.size(); ++c) {
    int expected = 0;
    for (int job = 0; job < jobs; ++job) expected += static_cast<std::size_t>(job) % 16 >= c;
    BOOST_REQUIRE_EQUAL(calls[c], expected);
  }
}

BOOST_AUTO_TEST_CASE(jobs_finish_while_other_threads_keep_every_core_busy) {
  std::vector<std::unique_ptr<BusyThread>> others;
  for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) {
    others.push_back(std::make_unique<BusyThread>());
  }
  ThreadPool pool(3);
  for (int job = 0; job < 20; ++job) {
    BOOST_REQUIRE(count_calls(pool, 50) == std::vector<int>(50, 1));
  }
}

/// A job of two chunks that wait a little for each other; whether they met.
bool two_threads_meet(ThreadPool& pool) {
  std::atomic<int> present = 0;
  std::atomic<bool> met = false;
  pool.run(2, [&](std::size_t /*chunk*/, std::size_t /*thread*/) {
    ++present;
    for (int i = 0; i < 2000 && present < 2; ++i) std::this_thread::yield();
    if (present == 2) met = true;
    --present;
  });
  return met;
}

BOOST_AUTO_TEST_CASE(sleeping_workers_wake_for_the_next_job) {
  ThreadPool pool(2);
  // One thread alone leaves each chunk before the next begins; on a crowded machine the pool may
  // choose that for a while.
  bool met = false;
  for (int attempt = 0; attempt < 2000 && !met; ++attempt) {
    std::this_thread::sleep_for(milliseconds(3));  // long past the spinning
    met = two_threads_meet(pool);
  }
  BOOST_TEST(met);
}

BOOST_AUTO_TEST_CASE(thread_numbers_tell_simultaneous_chunks_apart) {
  ThreadPool pool(3);
  std::vector<std::atomic<int>> inside(3);
  std::atomic<bool> collided = false;
  std::atomic<bool> out_of_range = false;
  pool.run(300, [&](std::size_t /*chunk*/, std::size_t thread) {
    if (thread >= inside.size()) {
      out_of_range = true;
      return;
    }
    if (++inside[thread] != 1) collided = true;
    std::this_thread::yield();
    --inside[thread];
  });
  BOOST_TEST(!collided);
  BOOST_TEST(!out_of_range);
}

BOOST_AUTO_TEST_CASE(what_the_chunks_wrote_is_visible_when_the_job_is_done) {
  ThreadPool pool(2);
  std::vector<long> squares(4096);
  pool.run(64, [&](std::size_t chunk, std::size_t /*thread*/) {
    for (std::size_t i = chunk * 64; i < (chunk + 1) * 64; ++i) {
      squares[i] = static_cast<long>(i * i);
    }
  });
  const long n = 4095;
  BOOST_TEST(std::accumulate(squares.begin(), squares.end(), 0L) == n * (n + 1) * (2 * n + 1) / 6);
}

BOOST_AUTO_TEST_CASE(idle_workers_sleep_and_busy_ones_are_accounted_for) {
  ThreadPool pool(2);
  const auto settle = [] { std::this_thread::sleep_for(milliseconds(20)); };
  settle();
  const auto before_idling = pool.worker_cpu_time();
  std::this_thread::sleep_for(milliseconds(100));
  const auto idle = pool.worker_cpu_time() - before_idling;
  // Asleep for 100 ms; a spinning thread would have used them up.
  BOOST_TEST(idle < milliseconds(20));

  // Both chunks go on until the worker has used 5 ms; where one thread does both, until it has
  // itself, and the next attempt may be luckier.
  const auto before_work = pool.worker_cpu_time();
  const auto worked = [&] { return pool.worker_cpu_time() - before_work >= milliseconds(5); };
  for (int attempt = 0; attempt < 2000 && !worked(); ++attempt) {
    pool.run(2, [&](std::size_t /*chunk*/, std::size_t /*thread*/) {
      for (int i = 0; i < 20'000 && !worked(); ++i) std::this_thread::yield();
    });
  }
  BOOST_TEST(worked());
}

BOOST_AUTO_TEST_CASE(pinned_threads_do_the_same_work_and_leave_the_caller_free) {
  cpu_set_t before;
  cpu_set_t after;
  BOOST_REQUIRE_EQUAL(sched_getaffinity(0, sizeof(before), &before), 0);
  ThreadPool pool({.threads = 3, .pin = true});
  for (int job = 0; job < 50; ++job) {
    BOOST_REQUIRE(count_calls(pool, 20) == std::vector<int>(20, 1));
  }
  BOOST_REQUIRE_EQUAL(sched_getaffinity(0, sizeof(after), &after), 0);
  BOOST_TEST(CPU_EQUAL(&before, &after) != 0);
}

BOOST_AUTO_TEST_CASE(pools_come_and_go_with_and_without_work) {
  for (int i = 0; i < 200; ++i) {
    ThreadPool pool(3);
    if (i % 2 == 0) BOOST_REQUIRE(count_calls(pool, 4) == std::vector<int>(4, 1));
  }
}

}  // namespace
}  // namespace squall::kernels
