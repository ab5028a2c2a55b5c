// squall-bench-resources: what a sample of resources costs, and how well the leak rate keeps its
// promises on seeded courses of memory.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "agents/resource_monitor.hpp"
#include "agents/resources/allocated_memory.hpp"
#include "agents/resources/machine_reader.hpp"
#include "tests/coordinator/resources/memory_courses.hpp"

namespace {

using namespace squall;

void print_cost(const char* what, const std::function<void()>& read) {
  constexpr int times = 201;
  std::vector<double> micros;
  for (int i = 0; i < times; ++i) {
    const auto cpu = agents::own_thread_cpu();
    read();
    micros.push_back(static_cast<double>((agents::own_thread_cpu() - cpu).count()) / 1e3);
  }
  std::sort(micros.begin(), micros.end());
  std::printf("%-44s %10.1f  [%8.1f .. %8.1f]  us of CPU\n", what, micros[times / 2],
              micros.front(), micros.back());
}

void bench_sampling() {
  agents::MachineReader machine;
  std::printf("%-44s %10s\n", "one look at the machine", "median");
  print_cost("processors, memory, disks, network", [&] { machine.read(); });
  print_cost("the process itself", [] { agents::measure_own_process(); });
  print_cost("allocator", [] { agents::allocated_bytes(); });
  print_cost("temperature", [&] { machine.temperature(); });
  print_cost("frequency", [&] { machine.frequency(); });
  print_cost("shares of pages, a small process", [&] { machine.proportional_bytes(); });
  const std::vector<char> large(std::size_t{1} << 30, 'x');
  print_cost("shares of pages, a process of 1 GiB", [&] { machine.proportional_bytes(); });
}

void bench_leaks() {
  constexpr int times = 500;
  std::printf("\nleak rate, ten minutes, %d seeded courses each\n", times);
  std::printf("%-34s | %-26s | %s\n", "", "no growth", "60 MB/h");
  std::printf("%-34s | %8s %8s %8s | %8s %8s\n", "", "held", "accused", "flat", "held", "found");
  for (const tests::MemoryCourse& course : tests::memory_courses()) {
    const auto still = tests::tally(course, 0, 600, times, 1);
    const auto leaking = tests::tally(course, 60, 600, times, 9);
    const auto share = [](int count) { return 100.0 * count / times; };
    std::printf("%-34s | %6.1f %% %6.1f %% %6.1f %% | %6.1f %% %6.1f %%\n", course.name.c_str(),
                share(still.held), share(still.leaks), share(still.flat), share(leaking.held),
                share(leaking.leaks));
  }
}

}  // namespace

int main() {
  bench_sampling();
  bench_leaks();
  return 0;
}
