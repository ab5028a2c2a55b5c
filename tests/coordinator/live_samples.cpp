#include "tests/coordinator/live_samples.hpp"

#include <cmath>

#include "tests/coordinator/sample_runs.hpp"

namespace squall::tests {

using namespace squall::coordinator;
using namespace std::chrono_literals;

LiveStatus healthy_status() {
  RunRecord record = healthy_record();
  for (auto& agent : record.agents) agent.sealed.reset();
  LiveMoment moment;
  moment.stage = RunStage::measuring;
  moment.elapsed = 21s;
  moment.agents_alive = moment.agents_wanted = 2;
  return make_live_status(record, moment);
}

namespace {

TimelinePoint point_at(int second) {
  TimelinePoint point;
  point.at = std::chrono::seconds(second);
  const double swing = 1 + 0.3 * std::sin(second / 15.0);
  point.tokens_per_second = 48'000 * std::min(1.0, second / 40.0) * swing;
  point.answers_per_second = point.tokens_per_second / 64;
  point.active_users = 10'000;
  point.ttft.count = point.e2e.count = second % 50 == 7 ? 0 : 700;
  point.ttft.p50 = std::chrono::milliseconds(40 + second / 3);
  point.ttft.p95 = std::chrono::milliseconds(second > 120 && second < 140 ? 900 : 90 + second);
  point.ttft.p99 = point.ttft.p95 * 2;
  point.e2e.p50 = 1200ms;
  point.e2e.p95 = 2100ms;
  point.e2e.p99 = 3s;
  return point;
}

LiveAgent agent_at(std::size_t number) {
  LiveAgent agent;
  agent.name = "node-" + std::to_string(number);
  agent.state = LiveAgentState::running;
  agent.in_flight = static_cast<std::uint32_t>(8 + number % 5);
  agent.users = 10;
  agent.tokens_per_second = 45.5 + static_cast<double>(number % 9);
  agent.completed = 1'234;
  agent.loop_lag = std::chrono::microseconds(2'000 - number);
  agent.own_cpu = 1.85;
  agent.machine_cpu = 0.93;
  agent.resident_bytes = 3ULL << 30;
  agent.gpu_busy = 0.97;
  agent.gpu_memory_bytes = 70ULL << 30;
  return agent;
}

void add_agents(LiveStatus& status) {
  for (std::size_t i = 0; i < 1'000; ++i) status.agents.push_back(agent_at(i));
  status.agents[0].name = "\x1b[2Jevil\nnode";
  status.agents[0].state = LiveAgentState::lost;
  status.agents[0].trouble = "no sign of life for 5.0 s\x1b[?1049l";
  status.agents[1].state = LiveAgentState::silent;
  status.agents[2].state = LiveAgentState::paused;
  status.agents[2].machine_cpu.reset();
  status.agents_wanted = 1'000;
  status.agents_alive = 999;
  status.agents_lost = status.agents_suspect = status.agents_paused = 1;
}

void add_lights(LiveStatus& status) {
  status.thresholds = {
      {"ttft p95 < 300ms", Light::broken, "412 ms", "", "5,210 violations in 61,004 samples"},
      {"error_rate < 1%", Light::near, "0.95 %", "", "1,160 of 122,010"},
      {"tokens_per_second > 100", Light::good, "47,812", "", "5,412,000 tokens in 2 min 35 s"},
      {"accuracy > 90%", Light::open, "", "", "no answer of the measured phase was asked again"}};
  status.audit = {{"ledger", Light::good, "122,010 issued, 121,004 ended", "exactly", ""},
                  {"agents", Light::near, "1 of 1,000 agents lost", "may lose 3", ""},
                  {"leases", Light::broken, "1 of 1,000 agents paused, longest 4.10 s (node-2)",
                   "may pause 1.00 s", ""},
                  {"dispatch delay", Light::good, "p99 0.21 ms", "at most 1.00 ms", ""},
                  {"late and dropped", Light::good, "0 late, 0 dropped", "at most 0.1 %", ""},
                  {"agents' loop lag", Light::good, "worst 2.00 ms", "at most 100 ms", ""},
                  {"generator's CPU", Light::good, "most 12 %", "at most 70 % of a core", ""},
                  {"agents' capacity", Light::open, "", "", "nothing was measured"},
                  {"clock offset", Light::good, "known to 0.12 ms", "at most 50.0 ms", ""},
                  {"common start", Light::good, "spread 3.10 ms", "within 10.0 ms", ""}};
}

}  // namespace

LiveStatus large_status() {
  LiveStatus status;
  status.scenario = "ramp\x1b[31m to saturation";
  status.stage = RunStage::measuring;
  status.elapsed = 180s;
  status.planned = 300s;
  status.warm_up = 25s;
  status.simulated_target = true;
  status.active_users = status.planned_users = 10'000;
  status.planned_now = 10'000.0;
  status.in_flight = 9'988;
  status.completed = 119'850;
  status.failed = 1'160;
  status.errors = {{"timeout", 1'100}, {"HTTP 503: \x1b]0;owned\x07 busy", 60}};
  status.tokens_per_second_now = 47'100;
  status.tokens_per_second_measured = 47'812;
  status.answers_per_second_now = 736;
  status.answers_per_second_measured = 747;
  status.ttft = {61'004, 96ms, 412ms, 990ms, false, false, false, {700, 100ms, 280ms, 560ms}};
  status.tpot = {61'004, 18ms, 24ms, 31ms, false, false, false, {}};
  status.e2e = {61'004, 1200ms, 2100ms, 10s, false, false, true, {700, 1200ms, 2100ms, 3s}};
  for (int second = 0; second < 180; ++second) status.course.push_back(point_at(second));
  add_agents(status);
  add_lights(status);
  return status;
}

}  // namespace squall::tests
