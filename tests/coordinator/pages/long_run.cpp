#include "tests/coordinator/pages/long_run.hpp"

#include <cmath>
#include <random>

#include "tests/coordinator/sample_runs.hpp"

namespace squall::tests {

using namespace std::chrono_literals;
using namespace actors;
using scenarios::Metric;

namespace {

constexpr std::uint64_t answers_a_second = 4;  // of each agent

class Noise {
 public:
  explicit Noise(std::uint64_t seed) : generator_(seed) {}
  /// Around 1, a few times as much now and then.
  double factor() {
    const double uniform = (static_cast<double>(generator_() >> 11U) + 0.5) / 9007199254740992.0;
    return 0.6 + 0.4 * -std::log(uniform);
  }

 private:
  std::mt19937_64 generator_;
};

nanoseconds times(nanoseconds duration, double factor) {
  return nanoseconds(static_cast<std::int64_t>(static_cast<double>(duration.count()) * factor));
}

ResourceSample resources_of(nanoseconds from, std::size_t agent, double busy) {
  ResourceSample sample;
  sample.from = from;
  sample.to = from + 1s;
  sample.cpu_busy = times(3s, busy / 2);
  sample.core_busy = {70, 20, 90, 40};
  sample.memory_available_bytes = (std::uint64_t{8} << 30U) + (agent << 20U);
  sample.network_received_bytes = static_cast<std::uint64_t>(40'000 * busy);
  sample.network_sent_bytes = 20'000;
  sample.temperature = 55 + 5 * busy;
  sample.own_cpu = times(1s, busy / 2);
  sample.resident_bytes = (std::uint64_t{300} << 20U) + (agent << 22U);
  return sample;
}

MetricsSnapshot second_of(std::int64_t second, std::size_t agent, double slower, Noise& noise) {
  const Phase phase = second < 60 ? Phase::warm_up : Phase::measure;
  MetricsSnapshot snapshot;
  snapshot.from = std::chrono::seconds(second);
  snapshot.to = snapshot.from + 1s;
  PhaseMetrics& metrics = snapshot[phase];
  const auto record = [&](Metric metric, nanoseconds value) {
    metrics.durations[static_cast<std::size_t>(metric)].record(value);
  };
  for (std::uint64_t answer = 0; answer < answers_a_second; ++answer) {
    const nanoseconds ttft = times(80ms, slower * noise.factor() * (second % 600 == 300 ? 9 : 1));
    const nanoseconds tpot = times(12ms, slower * noise.factor());
    record(Metric::ttft, ttft);
    record(Metric::ttft_service, ttft - 100us);
    record(Metric::tpot, tpot);
    record(Metric::e2e, ttft + tpot * 15);
    record(Metric::e2e_service, ttft + tpot * 15 - 100us);
    record(Metric::dispatch_delay, times(100us, noise.factor()));
  }
  metrics.ledger.ok = answers_a_second;
  metrics.ledger.error = second % 500 == 77 ? 1 : 0;
  metrics.ledger.issued = metrics.ledger.scheduled = metrics.ledger.ended();
  if (metrics.ledger.error > 0) {
    metrics.errors["HTTP 503"] = 1;
    record(Metric::dispatch_delay, 100us);
  }
  metrics.attempts = metrics.ledger.ended();
  metrics.output_tokens = 16 * answers_a_second;
  snapshot.tokens_in_interval = metrics.output_tokens;
  snapshot.answers_in_interval = answers_a_second;
  snapshot.in_flight_time = times(1s, 1.04 * slower * noise.factor());
  snapshot.active_users = 5;
  snapshot.loop_lag = times(200us, noise.factor());
  snapshot.process_cpu = 300ms;
  snapshot.resources = {resources_of(snapshot.from, agent, noise.factor())};
  return snapshot;
}

}  // namespace

coordinator::RunRecord long_record(std::size_t agents, std::chrono::seconds length,
                                   const LongRunKind& kind) {
  RunRecord record = healthy_closed_record();
  record.scenario.name = "a long soak of " + std::to_string(agents) + " agents";
  record.scenario.phases = {60s, length - 60s, 10s};
  record.timeline = coordinator::MetricsTimeline(record.scenario.phases, agents);
  const coordinator::AgentRecord first = record.agents.front();
  record.agents.assign(agents, first);
  for (std::size_t i = 0; i < agents; ++i) {
    coordinator::AgentRecord& agent = record.agents[i];
    agent.hello.name = "agent-" + std::to_string(i + 1);
    agent.share = {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(agents)};
    agent.batches = 0;
    agent.sealed = Sealed{};
  }
  Noise noise(kind.seed);
  for (std::int64_t second = 0; second < length.count(); ++second)
    for (std::size_t agent = 0; agent < agents; ++agent)
      add_batch(record, agent, second_of(second, agent, kind.slower, noise));
  return record;
}

}  // namespace squall::tests
