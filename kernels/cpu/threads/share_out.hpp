#pragma once
// Shares a loop out over a pool's threads, if it is worth waking them.

#include <algorithm>
#include <cstddef>

#include "kernels/cpu/threads/thread_pool.hpp"

namespace squall::kernels {

// Costs are counted in multiply-adds; a fast kernel does some 30 of them a nanosecond.
// Below this, waking a sleeping thread takes longer than the work.
constexpr std::size_t least_shared_cost = 128 * 1024;
// Small enough that no thread waits long for another's last chunk, large enough that taking a
// chunk costs nothing.
constexpr std::size_t cost_of_a_chunk = 64 * 1024;

/// Calls work(first, last, thread) for ranges that together cover [0, items).
template <class Work>
void share_out(ThreadPool& pool, std::size_t items, std::size_t cost_of_one, const Work& work) {
  if (items == 0) return;
  if (pool.threads() == 1 || items * cost_of_one < least_shared_cost) return work(0, items, 0);
  const std::size_t step = std::max<std::size_t>(1, cost_of_a_chunk / cost_of_one);
  pool.run((items + step - 1) / step, [&](std::size_t chunk, std::size_t thread) {
    work(chunk * step, std::min(items, (chunk + 1) * step), thread);
  });
}

}  // namespace squall::kernels
