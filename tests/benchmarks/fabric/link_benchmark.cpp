#include "tests/benchmarks/fabric/link_benchmark.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "actors/bridge/zmq_link.hpp"
#include "tests/benchmarks/fabric/process_figures.hpp"
#include "tests/fixtures/process.hpp"

namespace squall::benchmarks {

namespace {

using namespace actors;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::uint64_t window = 100;  // frames under way: as many as never make a queue overflow

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

/// Both ends of a link in this process.
struct Ends {
  explicit Ends(bool keys) {
    RouterSecurity router;
    DealerSecurity dealer;
    if (keys) {
      make_coordinator_key(folder.path());
      const KeyPair own = make_key_pair();
      router = {folder.path(), false, {{"agent", own.public_key}}};
      dealer = {own, read_public_key(folder.path() / "coordinator.pub")};
    }
    coordinator = bind_router("tcp://127.0.0.1:*", router);
    agent = connect_dealer(coordinator->endpoint(), dealer);
  }

  tests::TemporaryFolder folder;
  std::unique_ptr<ZmqLink> coordinator, agent;
};

/// Says something until it is heard: a dealer drops what it has no connection for.
void meet(Ends& ends, const std::atomic<std::uint64_t>& heard) {
  while (heard == 0) {
    ends.agent->send({}, Bytes(1));
    std::this_thread::sleep_for(1ms);
  }
  std::this_thread::sleep_for(50ms);  // what was said too often has arrived as well
}

struct Throughput {
  double frames_per_second = 0;
  double microseconds_cpu = 0;  // of both ends, a frame
};

Throughput throughput(bool keys, std::size_t size, double seconds) {
  Ends ends(keys);
  std::atomic<std::uint64_t> heard{0};
  ends.agent->start([](const Arrival&) {});
  ends.coordinator->start([&](const Arrival&) { ++heard; });
  meet(ends, heard);
  const std::uint64_t before = heard;
  const double cpu = cpu_seconds();
  const auto begun = Clock::now();
  std::uint64_t sent = before;
  while (seconds_since(begun) < seconds) {
    while (sent - heard < window) {
      ends.agent->send({}, Bytes(size));
      ++sent;
    }
    std::this_thread::yield();
  }
  const auto frames = static_cast<double>(heard - before);
  return {frames / seconds_since(begun), (cpu_seconds() - cpu) / frames * 1e6};
}

/// Of round trips of one frame, in microseconds, in order.
std::vector<double> round_trips(bool keys, std::size_t size, double seconds) {
  Ends ends(keys);
  std::atomic<std::uint64_t> heard{0};
  ends.coordinator->start(
      [&](Arrival arrival) { ends.coordinator->send(arrival.peer, std::move(arrival.frame)); });
  ends.agent->start([&](const Arrival&) {
    ++heard;
    heard.notify_one();
  });
  meet(ends, heard);
  std::vector<double> times;
  const auto begun = Clock::now();
  while (seconds_since(begun) < seconds) {
    const std::uint64_t before = heard;
    const auto asked = Clock::now();
    ends.agent->send({}, Bytes(size));
    heard.wait(before);
    times.push_back(seconds_since(asked) * 1e6);
  }
  std::sort(times.begin(), times.end());
  return times;
}

double at(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

void bench_link(double seconds) {
  std::printf("%-34s %14s %14s %8s\n", "link, both ends in this process", "plain", "CURVE",
              "ratio");
  for (const std::size_t size : {std::size_t{100}, std::size_t{1024}, std::size_t{35'000}}) {
    const auto plain = throughput(false, size, seconds);
    const auto curve = throughput(true, size, seconds);
    const std::string what = std::to_string(size) + " B";
    std::printf("%-34s %14.0f %14.0f %8.2f\n", (what + ", frames/s").c_str(),
                plain.frames_per_second, curve.frames_per_second,
                curve.frames_per_second / plain.frames_per_second);
    std::printf("%-34s %14.1f %14.1f %8.2f\n", (what + ", us of CPU a frame").c_str(),
                plain.microseconds_cpu, curve.microseconds_cpu,
                curve.microseconds_cpu / plain.microseconds_cpu);
    std::fflush(stdout);
  }
  for (const std::size_t size : {std::size_t{100}, std::size_t{1024}}) {
    const auto plain = round_trips(false, size, seconds);
    const auto curve = round_trips(true, size, seconds);
    for (const auto& [name, share] : {std::pair{"p50", 0.5}, {"p99", 0.99}})
      std::printf("%-34s %14.0f %14.0f %8.2f\n",
                  (std::to_string(size) + " B, round trip " + name + ", us").c_str(),
                  at(plain, share), at(curve, share), at(curve, share) / at(plain, share));
    std::fflush(stdout);
  }
}

}  // namespace squall::benchmarks
