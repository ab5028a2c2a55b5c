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
    return made;
  }

 private:
  /// Of any magnitude, up to `bits` bits.
  std::uint64_t number(int bits = 48) {
    const auto kept = static_cast<int>(random_.next() % static_cast<std::uint64_t>(bits + 1));
    return kept == 0 ? 0 : random_.next() >> (64 - kept);
  }
  nanoseconds duration() { return nanoseconds(static_cast<std::int64_t>(number(60))); }

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
    for (std::uint64_t i = random_.next() % 4; i > 0; --i)
      made.categories.push_back({number(), number(), number(), histogram(), histogram()});
    return made;
  }

  Calibration calibration() {
    return {random_.uniform() * 1e6, random_.uniform() * 1e7, duration(), duration(), duration()};
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
