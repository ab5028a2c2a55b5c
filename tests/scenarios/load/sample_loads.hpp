#pragma once
// Loads of every sort that a scenario can write, for tests that hold for all of them.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/load/load_plan.hpp"

namespace squall::tests {

using namespace std::chrono_literals;
using scenarios::LoadShape;

struct SampleLoad {
  std::string name;
  scenarios::Scenario scenario;
  std::shared_ptr<const scenarios::Trace> trace{};
};

inline std::vector<std::pair<const char*, LoadShape>> sample_shapes() {
  return {
      {"constant", LoadShape::constant(37.5)},
      {"ramp", LoadShape({{10s, 0, 60, 0, {}}, {0s, 60, 60}})},
      {"steps", LoadShape({{3s, 10, 10}, {3s, 25, 25}, {3s, 40, 40}})},
      {"spike", LoadShape({{4s, 5, 5}, {2s, 90, 90}, {0s, 5, 5}})},
      {"sine", LoadShape({{0s, 30, 30, 28.5, 3s}})},
      {"soak", LoadShape({{2s, 0, 33, 0, {}}, {6s, 33, 33}, {2s, 33, 0, 0, {}}, {0s, 0, 0}})},
      {"stages", LoadShape({{2s, 10, 50, 0, {}}, {3s, 0, 0}, {2s, 50, 7, 0, {}}, {2s, 80, 3}})},
      {"rising wave", LoadShape({{9s, 10, 40, 9.5, 1700ms}})},
  };
}

/// Warm-up and measuring take 12 s. Pairs of the trace arrive at once.
inline std::vector<SampleLoad> sample_loads(std::uint64_t seed = 1) {
  std::vector<SampleLoad> loads;
  const auto add = [&](const std::string& name, scenarios::Load load,
                       std::shared_ptr<const scenarios::Trace> trace = nullptr) {
    SampleLoad sample{name, {}, std::move(trace)};
    sample.scenario.seed = seed;
    sample.scenario.load = std::move(load);
    sample.scenario.phases = {1s, 11s, 5s};
    loads.push_back(std::move(sample));
  };
  using Process = scenarios::OpenArrivals::Process;
  for (const auto& [name, shape] : sample_shapes()) {
    for (const Process process : {Process::constant, Process::poisson, Process::gamma}) {
      scenarios::OpenArrivals open;
      open.process = process;
      open.rate = shape;
      open.burstiness = 2.5;
      add(std::string(name) + ", process " + std::to_string(static_cast<int>(process)), open);
    }
    scenarios::ClosedUsers closed;
    closed.count = shape;
    add(std::string(name) + " of users", closed);
  }
  auto trace = std::make_shared<scenarios::Trace>();
  for (std::uint32_t i = 0; i < 300; ++i)
    trace->entries.push_back({(i / 2) * 90ms, 10 + i, 5, 0, 0});
  scenarios::TraceReplay replay;
  replay.skip = 3;
  add("trace", replay, trace);
  return loads;
}

}  // namespace squall::tests
