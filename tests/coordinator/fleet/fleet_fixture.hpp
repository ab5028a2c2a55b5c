#pragma once
// Laws and scenarios of which the outcome can be reckoned by hand, and an engine driven alone.

#include <map>
#include <string>
#include <vector>

#include "coordinator/fleet/fleet_goal.hpp"
#include "coordinator/fleet/simulated_engine.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::tests {

/// Each step takes `seconds`, whatever is in it.
inline coordinator::EngineLaw constant_law(double seconds) {
  coordinator::EngineLaw law;
  law.model = "test";
  law.per_step = seconds;
  return law;
}

/// One request at a time: a queue with one server.
inline coordinator::EngineLaw one_at_a_time(double seconds) {
  coordinator::EngineLaw law = constant_law(seconds);
  law.limits.max_batch = law.limits.first_batch = 1;
  return law;
}

/// Costs of every kind.
inline coordinator::EngineLaw rich_law() {
  coordinator::EngineLaw law = constant_law(2e-3);
  law.rows = {{1, 1e-4}, {8, 3e-4}, {64, 2e-4}};
  law.per_token = 5e-5;
  law.per_decode_position = 2e-7;
  law.per_prompt_position = 1e-7;
  return law;
}

inline coordinator::FleetOptions fleet_of(
    const coordinator::EngineLaw& law, std::uint32_t machines = 1,
    coordinator::Routing routing = coordinator::Routing::least_loaded) {
  return {.machines = {{"box", law, machines}}, .routing = routing};
}

struct LoadText {
  std::string load = "[users]\ncount = 4\n";
  std::string prompts = "16";
  std::string answers = "8";
  std::string warm_up = "0s", measure = "60s", drain = "60s", timeout = "600s";
  std::string more = "";
  std::string thresholds = "\"ttft p95 < 1s\"";
};

inline scenarios::Scenario scenario_of(const LoadText& text) {
  return scenarios::parse_scenario(
      "name = \"fleet\"\nseed = 11\nthresholds = [" + text.thresholds +
          "]\n[target]\nkind = \"engine\"\nmodel = \"synthetic:llama-15m/q8_0\"\ntimeout = \"" +
          text.timeout + "\"\n" + text.load + "[prompts]\ntokens = " + text.prompts + "\n" +
          "[answers]\ntokens = " + text.answers + "\n[phases]\nwarm_up = \"" + text.warm_up +
          "\"\nmeasure = \"" + text.measure + "\"\ndrain = \"" + text.drain + "\"\n" + text.more,
      "test.toml");
}

/// Requests that come at given times; how each ended.
class LoneEngine {
 public:
  explicit LoneEngine(coordinator::EngineLaw law) : law_(std::move(law)), engine_(law_) {}

  void at(double time, const coordinator::EngineJob& job) { jobs_.emplace(time, job); }

  std::map<std::uint64_t, coordinator::EngineEnd> run() {
    auto next = jobs_.begin();
    std::vector<coordinator::EngineEnd> ended;
    while (next != jobs_.end() || engine_.next() < coordinator::never) {
      if (next != jobs_.end() && next->first <= engine_.next()) {
        engine_.submit(next->second, next->first, ended);
        ++next;
      } else {
        engine_.advance(ended);
        ++advances_;
      }
    }
    std::map<std::uint64_t, coordinator::EngineEnd> all;
    for (const auto& end : ended) all.emplace(end.id, end);
    return all;
  }
  coordinator::SimulatedEngine& engine() { return engine_; }
  int advances() const { return advances_; }

 private:
  coordinator::EngineLaw law_;
  coordinator::SimulatedEngine engine_;
  std::multimap<double, coordinator::EngineJob> jobs_;
  int advances_ = 0;
};

}  // namespace squall::tests
