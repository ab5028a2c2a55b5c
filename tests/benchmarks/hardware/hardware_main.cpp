// squall-bench-hardware: the probe's memory bandwidth beside loops like those of STREAM, in turn.
// Exit code 1: the best of both differ by more than a tenth.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <thread>
#include <vector>

#include "agents/hardware/memory_ceiling.hpp"
#include "tests/benchmarks/hardware/stream_loops.hpp"

namespace {

using namespace squall;

using Clock = std::chrono::steady_clock;

constexpr double giga = 1e9;
constexpr double least_ratio = 0.9, most_ratio = 1.1;  // of probe and loop, which do the same

void take_best(benchmarks::StreamRates& best, const benchmarks::StreamRates& fresh) {
  best.read = std::max(best.read, fresh.read);
  best.copy = std::max(best.copy, fresh.copy);
  best.triad = std::max(best.triad, fresh.triad);
}

/// In turn until `until`, at least once and at most `rounds` times. False: they do not agree.
bool compare(std::size_t threads, std::size_t bytes, int rounds, Clock::time_point until) {
  std::printf("%7zu", threads);
  std::fflush(stdout);
  benchmarks::StreamLoops loops(bytes / sizeof(double), threads);
  const agents::ReadBuffer buffer(bytes, threads);
  benchmarks::StreamRates stream;
  double probe = 0;
  for (int round = 0; round == 0 || (round < rounds && Clock::now() < until); ++round) {
    take_best(stream, loops.measure(3));
    probe = std::max(probe, agents::read_rate(buffer, threads, std::chrono::milliseconds(150)));
    std::fprintf(stderr, ".");  // a busy machine takes its time
  }
  const double ratio = probe / stream.read;
  const bool agrees = ratio >= least_ratio && ratio <= most_ratio;
  std::printf(" %12.2f %12.2f %12.2f %12.2f %14.3f%s\n", probe / giga, stream.read / giga,
              stream.copy / giga, stream.triad / giga, ratio, agrees ? "" : "  do not agree");
  std::fflush(stdout);
  return agrees;
}

/// Each number of threads has the same part of `all`.
bool compare_all(std::size_t threads, std::size_t bytes, int rounds, std::chrono::seconds all) {
  std::vector<std::size_t> counts;
  for (std::size_t count = 1; count < threads; count *= 2) counts.push_back(count);
  counts.push_back(threads);
  bool agree = true;
  for (const std::size_t count : counts)
    agree = compare(count, bytes, rounds,
                    Clock::now() + Clock::duration(all) / static_cast<int>(counts.size())) &&
            agree;
  return agree;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Compares the bandwidth that agents measure with loops like those of STREAM."};
  std::size_t mebibytes = 256;
  int rounds = 20;
  int seconds = 15;
  std::size_t threads = std::max(1U, std::thread::hardware_concurrency());
  app.add_option("--mebibytes", mebibytes, "of each array; several times the caches")
      ->check(CLI::Range(1, 65'536))
      ->capture_default_str();
  app.add_option("--rounds", rounds, "of both at most, in turn; the best of each is shown")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", seconds, "of all rounds together; then the one begun is ended")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  app.add_option("--threads", threads, "at most; 1, 2, 4 … up to it are measured")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
    std::printf("GB/s; arrays of %zu MiB, best of at most %d rounds in turn\n", mebibytes, rounds);
    std::printf("%7s %12s %12s %12s %12s %14s\n", "threads", "probe", "read", "copy", "triad",
                "probe / read");
    if (compare_all(threads, mebibytes << 20, rounds, std::chrono::seconds(seconds))) return 0;
    std::fprintf(stderr, "squall-bench-hardware: probe and loop differ by more than a tenth\n");
    return 1;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "squall-bench-hardware: %s\n", error.what());
    return 1;
  }
  return 0;
}
