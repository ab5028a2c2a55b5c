// A plan as a search leaves it: 40 users within the limits, 41 not; confirmed by a soak of 38.
#pragma once

#include <cmath>

#include "coordinator/plan/capacity_findings.hpp"

namespace squall::tests {

inline coordinator::LoadProbe made_up_probe(coordinator::ProbeRole role, double users,
                                            std::size_t number) {
  using namespace coordinator;
  LoadProbe probe;
  probe.role = role;
  probe.load = users;
  probe.run = "20261121-0600" + std::to_string(10 + number) + "-1";
  probe.judgement = users <= 40 ? ProbeJudgement::pass : ProbeJudgement::fail;
  probe.why = users <= 40 ? "ttft p95 < 300ms pass: 3 violations in 900 samples"
                          : "ttft p95 < 300ms fail: 90 violations in 900 samples";
  probe.excess = Excess{25 * std::log(users / 40.5), 0.15, false};
  probe.limits = {{"ttft p95 < 300ms", users <= 40 ? "pass" : "fail", 0.3 * users / 40.5, 0.3,
                   false, "violations"}};
  probe.window = role == ProbeRole::soak ? 180 : 60;
  probe.usual_window = 60;
  probe.took = probe.window + 8;
  const double rate = 1.1 * users / (1 + 0.01 * (users - 1) + 0.0002 * users * (users - 1));
  probe.answers = static_cast<std::uint64_t>(rate * probe.window);
  probe.requests_per_second = rate;
  probe.tokens_per_second = 10 * users;
  probe.mean_in_flight = users * 0.8;
  probe.ttft_p50 = 0.1 * users / 40;
  probe.ttft_p95 = 0.3 * users / 40.5;
  probe.e2e_p50 = 0.5;
  probe.e2e_p95 = 0.9;
  probe.bottleneck = "memory bandwidth";
  probe.bottleneck_sentence = "Memory bandwidth: 41.2 of 52.0 GB/s.";
  return probe;
}

inline coordinator::CapacityPlan made_up_plan() {
  using namespace coordinator;
  CapacityPlan plan;
  plan.id = "20261121-060000-1";
  plan.started_at = "2026-11-21T06:00:00Z";
  plan.tool_version = "0.1.0";
  plan.scenario = "chat";
  plan.scenario_file = "/srv/chat.toml";
  plan.scenario_hash = "abc";
  plan.scenario_text = "name = \"chat\"\n";
  plan.seed = 42;
  plan.kind = LoadKind::users;
  plan.think_time = 0.5;
  plan.warm_up = 5;
  plan.measure = 60;
  plan.rules = {.start = 8};
  plan.system.target_kind = "openai";
  plan.system.target_origin = "http://127.0.0.1:8000";
  plan.system.model = "m";
  plan.system.tool_version = "0.1.0";
  plan.system.agents = plan.system.hosts = 1;
  plan.limits = {"ttft p95 < 300ms"};
  plan.left_out = {"tokens_per_second > 100"};
  const auto add = [&](ProbeRole role, std::initializer_list<double> loads) {
    for (const double users : loads)
      plan.probes.push_back(made_up_probe(role, users, plan.probes.size()));
  };
  add(ProbeRole::search, {8, 16, 64, 42, 40, 41, 40, 41});
  add(ProbeRole::soak, {38});
  add(ProbeRole::level, {10, 20, 30, 50, 60, 81});
  plan.finished = true;
  return plan;
}

}  // namespace squall::tests
