#include "agents/hardware/ceilings.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>
#include <stdexcept>

#include "agents/hardware/arithmetic_ceiling.hpp"
#include "agents/hardware/memory_ceiling.hpp"
#include "scenarios/hardware/hardware_profile.hpp"

namespace squall::agents {

using namespace std::chrono_literals;
using scenarios::HardwareFacts;
using scenarios::MeasuredCeilings;

namespace {

constexpr std::chrono::nanoseconds all_reading = 1200ms;
constexpr std::chrono::nanoseconds all_arithmetic = 800ms;
constexpr std::size_t least_buffer = 256U << 20;
constexpr std::size_t most_buffer = 2048U << 20;
constexpr std::size_t caches_fit = 4;  // times into the buffer

std::size_t buffer_for(const HardwareFacts& facts) {
  const std::size_t caches = facts.l3_bytes * std::max(1U, facts.sockets);
  const std::size_t wanted = std::clamp(caches_fit * caches, least_buffer, most_buffer);
  std::uint64_t free = scenarios::usable_memory(facts);
  if (facts.memory_free_bytes > 0) free = std::min(free, facts.memory_free_bytes);
  if (free == 0) return wanted;
  const std::size_t had = std::min<std::size_t>(wanted, free / 4);
  return had >= caches_fit / 2 * caches ? had : 0;
}

}  // namespace

CeilingsPlan plan_ceilings(const HardwareFacts& facts) {
  const double processors = std::max(1U, facts.threads);
  const double usable = facts.cpu_limit > 0 ? std::min(facts.cpu_limit, processors) : processors;
  CeilingsPlan plan;
  plan.threads = static_cast<std::size_t>(std::ceil(usable));
  plan.share = usable / static_cast<double>(plan.threads);
  for (std::size_t count = 1; count < plan.threads; count *= 2) plan.thread_counts.push_back(count);
  plan.thread_counts.push_back(plan.threads);
  plan.buffer_bytes = buffer_for(facts);
  return plan;
}

MeasuredCeilings measure_ceilings(const CeilingsPlan& plan) {
  MeasuredCeilings measured;
  // A pass may well fit between two of the pauses that a limit imposes; what lasts is a share of
  // it.
  const auto lasting = [&](double rate, std::size_t threads) {
    return threads == plan.threads ? rate * plan.share : rate;
  };
  try {
    if (plan.buffer_bytes > 0) {
      const ReadBuffer buffer(plan.buffer_bytes, plan.threads);
      const auto patience = all_reading / static_cast<int>(plan.thread_counts.size());
      for (const std::size_t threads : plan.thread_counts)
        measured.bandwidth.push_back({static_cast<std::uint32_t>(threads),
                                      lasting(read_rate(buffer, threads, patience), threads)});
    }
  } catch (const std::bad_alloc&) {
    measured.bandwidth.clear();
  }
  try {
    const ArithmeticRates one = arithmetic_rates(1, all_arithmetic / 2);
    const ArithmeticRates all =
        plan.threads > 1 ? arithmetic_rates(plan.threads, all_arithmetic / 2) : one;
    measured.threads = static_cast<std::uint32_t>(plan.threads);
    measured.int8_per_second = lasting(all.int8_per_second, plan.threads);
    measured.float_per_second = lasting(all.float_per_second, plan.threads);
    measured.int8_of_one_thread = lasting(one.int8_per_second, 1);
    measured.float_of_one_thread = lasting(one.float_per_second, 1);
  } catch (const std::invalid_argument&) {  // the engine will say which sets there are
  }
  return measured;
}

MeasuredCeilings best_of(const MeasuredCeilings& before, const MeasuredCeilings& fresh) {
  MeasuredCeilings best = fresh;
  for (auto& each : best.bandwidth)
    for (const auto& other : before.bandwidth)
      if (other.threads == each.threads)
        each.bytes_per_second = std::max(each.bytes_per_second, other.bytes_per_second);
  if (before.threads != fresh.threads) return best;
  best.int8_per_second = std::max(best.int8_per_second, before.int8_per_second);
  best.float_per_second = std::max(best.float_per_second, before.float_per_second);
  best.int8_of_one_thread = std::max(best.int8_of_one_thread, before.int8_of_one_thread);
  best.float_of_one_thread = std::max(best.float_of_one_thread, before.float_of_one_thread);
  return best;
}

MachineCeilings best_of(const MachineCeilings& before, const MachineCeilings& fresh) {
  MachineCeilings best{best_of(before.processors, fresh.processors), fresh.gpus};
  for (const GpuCeiling& each : before.gpus) {
    const auto same = std::ranges::find(best.gpus, each.gpu, &GpuCeiling::gpu);
    if (same == best.gpus.end()) {
      best.gpus.push_back(each);
      continue;
    }
    same->copy_bytes_per_second = std::max(same->copy_bytes_per_second, each.copy_bytes_per_second);
    same->matrix_per_second = std::max(same->matrix_per_second, each.matrix_per_second);
  }
  std::ranges::sort(best.gpus, {}, &GpuCeiling::gpu);
  return best;
}

}  // namespace squall::agents
