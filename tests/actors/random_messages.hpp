#pragma once
// Messages of every kind with random content, the same for the same seed.

#include <cmath>
#include <string>
#include <vector>

#include "actors/messages.hpp"
#include "scenarios/load/random.hpp"

namespace squall::tests {

using namespace actors;

class RandomMessages {
 public:
  explicit RandomMessages(std::uint64_t seed) : random_(seed, 77) {}

  static constexpr std::size_t kinds =
      std::variant_size_v<AgentMessage> + std::variant_size_v<CoordinatorMessage>;
  static constexpr std::size_t batch_kind = 4;

  /// One envelope; `kind` below `kinds`, agents' messages first.
  Envelope envelope(std::size_t kind) {
    Envelope made{text(), random_.next(), {}};
    if (kind < std::variant_size_v<AgentMessage>)
      made.message = agent_message(kind);
    else
      made.message = coordinator_message(kind - std::variant_size_v<AgentMessage>);
    return made;
  }

  Hello hello() {
    Hello made{text(), text(), text(), random_.next(), texts(), {}, number()};
    if (coin()) made.caps = {number(), random_.uniform() * 1e6, duration(), texts()};
    return made;
  }

  scenarios::AgentShare share() {
    const std::uint32_t index = small() / 4, width = 1 + small() / 4;
    return {index, index + width + small() / 4, width};
  }

  MetricsBatch batch() { return {1 + number(), snapshot()}; }
  Sealed sealed() { return {random_.next(), {ledger(), ledger()}, random_.next(), text()}; }
  Started started() { return Started{nanoseconds(instant())}; }
  TakeOver take_over() { return {small(), share(), duration(), duration()}; }

  /// Any bytes, valid UTF-8 or not.
  std::string text() {
    std::string made(random_.next() % 40, ' ');
    for (char& each : made) each = static_cast<char>(random_.next());
    return made;
  }
  std::int64_t instant() { return static_cast<std::int64_t>(number(60)) * (coin() ? 1 : -1); }
  std::uint32_t small() { return static_cast<std::uint32_t>(number(32)); }
  nanoseconds duration() { return nanoseconds(static_cast<std::int64_t>(number(60))); }
  bool coin() { return random_.next() % 2 == 0; }
  std::uint64_t any() { return random_.next(); }

  Ready ready() {
    Ready made;
    made.plan_fingerprint = random_.next();
    made.planned_requests = number();
    made.planned_users = number();
    made.model_name = text();
    made.model_fingerprint = text();
    made.model_is_synthetic = coin();
    made.model_choice = text();
    made.model_origin = text();
    made.instruction_set = text();
    made.engine_threads = small();
    made.load_time = duration();
    made.clock_error_bound = duration();
    made.warnings = texts();
    made.target_kind = text();
    made.target_is_simulated = coin();
    made.target_origin = text();
    made.token_counts = text();
    if (coin()) made.calibration = calibration();
    if (coin()) made.hardware = hardware();
    if (coin())
      made.model_facts =
          scenarios::ModelFacts{number(), number(), text(), number(), number(), number(),
                                number(), coin(),   coin(), text(),   text()};
    return made;
  }

 private:
  /// Of any magnitude, up to `bits` bits.
  std::uint64_t number(int bits = 48) {
    const auto kept = static_cast<int>(random_.next() % static_cast<std::uint64_t>(bits + 1));
    return kept == 0 ? 0 : random_.next() >> (64 - kept);
  }

  std::vector<std::string> texts() {
    std::vector<std::string> made(random_.next() % 4);
    for (std::string& each : made) each = text();
    return made;
  }

  Ledger ledger() {
    return {number(), number(), number(), number(), number(),
            number(), number(), number(), number()};
  }

  Histogram histogram() {
    Histogram made;
    for (std::uint64_t i = random_.next() % 30; i > 0; --i)
      made.record(nanoseconds(static_cast<std::int64_t>(number(36)) - (coin() ? 1'000'000 : 0)),
                  1 + random_.next() % 4);
    return made;
  }

  PhaseMetrics phase_metrics() {
    PhaseMetrics made;
    made.ledger = ledger();
    for (auto& each : made.durations) each = histogram();
    for (std::uint64_t i = random_.next() % 4; i > 0; --i) made.errors[text()] = number();
    made.prompt_tokens = number();
    made.output_tokens = number();
    made.late = number();
    made.attempts = number();
    made.retried = number();
    made.cached = random_.next() % (made.ledger.ok + 1);
    made.tokens_disputed = number();
    made.accuracy_asked = number();
    made.accuracy_agreed = random_.next() % (made.accuracy_asked + 1);
    made.good = random_.next() % (made.ledger.ok + 1);
    for (std::uint64_t i = random_.next() % 4; i > 0; --i)
      made.categories.push_back({number(), number(), number(), histogram(), histogram()});
    return made;
  }

  Calibration calibration() {
    return {random_.uniform() * 1e6, random_.uniform() * 1e7, duration(), duration(), duration()};
  }

  double rate() { return random_.uniform() * 1e15; }
  std::optional<double> maybe_gauge() {
    return coin() ? std::optional((random_.uniform() - 0.5) * 1e3) : std::nullopt;
  }
  std::optional<std::uint64_t> maybe_number() {
    return coin() ? std::optional(number()) : std::nullopt;
  }

  scenarios::HardwareFacts hardware() {
    scenarios::HardwareFacts made;
    made.processor = text();
    made.architecture = text();
    made.sockets = small();
    made.cores = small();
    made.threads = small();
    made.performance_cores = small();
    made.efficiency_cores = small();
    made.instruction_sets = texts();
    made.l1_data_bytes = number();
    made.l2_bytes = number();
    made.l3_bytes = number();
    made.memory_bytes = number();
    made.memory_free_bytes = number();
    for (std::uint64_t i = random_.next() % 3; i > 0; --i)
      made.gpus.push_back(
          {text(), text(), text(), text(), text(), number(), coin(), rate(), rate(), text()});
    made.cpu_limit = rate();
    made.memory_limit_bytes = number();
    made.kernel = text();
    made.governor = text();
    made.virtualization = text();
    made.battery = coin();
    made.declared_class = text();
    made.temperature = maybe_gauge();
    made.power = maybe_gauge();
    for (std::uint64_t i = random_.next() % 4; i > 0; --i)
      made.ceilings.bandwidth.push_back({small(), rate()});
    made.ceilings.threads = small();
    made.ceilings.int8_per_second = rate();
    made.ceilings.float_per_second = rate();
    made.ceilings.int8_of_one_thread = rate();
    made.ceilings.float_of_one_thread = rate();
    return made;
  }

  ResourceSample resources() {
    ResourceSample made;
    made.from = duration();
    made.to = made.from + nanoseconds(small());
    made.cpu_busy = duration();
    made.cpu_stolen = duration();
    for (std::uint64_t i = random_.next() % 9; i > 0; --i)
      made.core_busy.push_back(static_cast<std::uint8_t>(random_.next() % 101));
    made.memory_available_bytes = maybe_number();
    made.disk_read_bytes = maybe_number();
    made.disk_written_bytes = maybe_number();
    made.network_received_bytes = maybe_number();
    made.network_sent_bytes = maybe_number();
    made.temperature = maybe_gauge();
    if (coin()) made.frequency = rate();
    for (std::uint64_t i = random_.next() % 3; i > 0; --i) {
      GpuSample gpu;
      if (coin()) gpu.busy = random_.uniform();
      gpu.memory_used_bytes = maybe_number();
      gpu.temperature = maybe_gauge();
      gpu.power = maybe_gauge();
      made.gpus.push_back(gpu);
    }
    made.own_cpu = duration();
    made.resident_bytes = number();
    made.proportional_bytes = maybe_number();
    made.allocated_bytes = maybe_number();
    made.voluntary_switches = number();
    made.involuntary_switches = number();
    made.minor_faults = number();
    made.major_faults = number();
    return made;
  }

  MetricsSnapshot snapshot() {
    MetricsSnapshot made;
    made.from = duration();
    made.to = made.from + duration();
    for (auto& phase : made.phases) phase = phase_metrics();
    made.tokens_in_interval = number();
    made.answers_in_interval = number();
    made.in_flight_time = duration();
    made.in_flight = small();
    made.active_users = small();
    made.loop_lag = duration();
    made.process_cpu = duration();
    made.engine_cpu = duration();
    made.resident_bytes = number();
    for (std::uint64_t i = random_.next() % 5; i > 0; --i)
      made.events.push_back({duration(), text()});
    made.paused = duration();
    for (std::uint64_t i = random_.next() % 3; i > 0; --i) made.resources.push_back(resources());
    return made;
  }

  AgentMessage agent_message(std::size_t kind) {
    switch (kind) {
      case 0:
        return hello();
      case 1:
        return ready();
      case 2:
        return PrepareFailed{text(), coin()};
      case 3:
        return started();
      case batch_kind:
        return batch();
      case 5:
        return Heartbeat{duration(), instant(), small(), nanoseconds(instant()), duration()};
      case 6:
        return sealed();
      case 7:
        return ClockProbe{instant()};
      case 8:
        return TookOver{small()};
      default:
        return AskRoster{};
    }
  }

  RosterLine roster_line() {
    return {text(), text(), text(), texts(), text(), text(), duration(), number()};
  }

  CoordinatorMessage coordinator_message(std::size_t kind) {
    switch (kind) {
      case 0:
        return Rejected{text(), coin()};
      case 1:
        return Prepare{text(), text(), share()};
      case 2:
        return StartAt{instant()};
      case 3:
        return LeaseRenewed{random_.next(), instant()};
      case 4:
        return BatchAcknowledged{random_.next()};
      case 5:
        return StopLoad{duration()};
      case 6:
        return SealAcknowledged{};
      case 7:
        return ClockReply{instant(), instant(), instant()};
      case 8:
        return take_over();
      default: {
        Roster made{text(), text(), text(), {}};
        for (std::uint64_t i = random_.next() % 4; i > 0; --i) made.agents.push_back(roster_line());
        return made;
      }
    }
  }

  scenarios::Random random_;
};

}  // namespace squall::tests
