#pragma once
// A run whose agents are the test: everything that RunPhases says goes through here, and its
// journal is kept as it would be written down.

#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/run/run_phases.hpp"

namespace squall::tests {

using namespace actors;
using namespace coordinator;
using namespace std::chrono_literals;

inline RunRecord fresh_record() {
  RunRecord record;
  record.id = "run-1";
  record.tool_version = "0.1.0";
  record.scenario.phases = {1s, 2s, 1s};
  return record;
}

using Peers = std::vector<std::string>;

template <class Message>
Peers told(const Steps& steps) {
  Peers peers;
  for (const auto& each : steps.say)
    if (std::holds_alternative<Message>(each.message)) peers.push_back(each.peer);
  return peers;
}

template <class Message>
Message only(const Steps& steps) {
  std::vector<Message> found;
  for (const auto& each : steps.say)
    if (const auto* message = std::get_if<Message>(&each.message)) found.push_back(*message);
  BOOST_REQUIRE_EQUAL(found.size(), 1u);
  return found.front();
}

/// Agents are named after their connections: "a", "b", …; an agent's epoch is its first letter's
/// code, so "b2" is a second connection of b.
struct RunFixture {
  Instant now{1h};
  FabricTimes times;
  RunPhases run{fresh_record(), {.agents = 2}, times, now};
  std::vector<RunEntry> journal;

  Steps note(Steps steps) {
    journal.insert(journal.end(), steps.keep.begin(), steps.keep.end());
    return steps;
  }
  void restart(RunRecord record, Gathering gathering) {
    journal.clear();
    run = RunPhases(std::move(record), std::move(gathering), times, now);
  }
  static std::uint64_t epoch_of(const std::string& peer) {
    return static_cast<std::uint64_t>(peer.front());
  }
  Steps hear(const std::string& peer, AgentMessage message, std::uint64_t epoch = 0) {
    const bool greets = std::holds_alternative<Hello>(message);
    return note(run.on_message(peer, "", epoch == 0 ? epoch_of(peer) : epoch, greets ? "" : "run-1",
                               std::move(message), now));
  }
  Steps hear_with_key(const std::string& peer, const std::string& identity, std::uint64_t epoch,
                      AgentMessage message) {
    const bool greets = std::holds_alternative<Hello>(message);
    return note(
        run.on_message(peer, identity, epoch, greets ? "" : "run-1", std::move(message), now));
  }
  static Hello hello_of(const std::string& name, std::uint64_t process = 100,
                        std::vector<std::string> labels = {}) {
    Hello hello{name, "0.1.0", "host", process};
    hello.labels = std::move(labels);
    return hello;
  }
  Steps greet(const std::string& peer, std::uint64_t process = 100,
              std::vector<std::string> labels = {}) {
    return hear(peer, hello_of(peer, process, std::move(labels)));
  }
  Steps tick() { return note(run.on_tick(now)); }
  /// A beat, sent just now.
  Steps beat(const std::string& peer) {
    Heartbeat beat;
    beat.sent = now.time_since_epoch().count();
    return hear(peer, beat);
  }
  void begin(const Peers& agents = {"a", "b"}) {
    for (const auto& each : agents) greet(each, 100 + epoch_of(each) - 'a');
    for (const auto& each : agents) hear(each, Ready{});
    now += 2s;
    tick();
  }
  static MetricsBatch batch(std::uint64_t sequence, std::uint64_t issued) {
    MetricsBatch result;
    result.sequence = sequence;
    result.snapshot[Phase::measure].ledger.issued = issued;
    return result;
  }
  static Sealed sealed(std::uint64_t batches) { return {batches, {}, 0, {}}; }
  std::uint64_t issued() const { return run.record().timeline.total(Phase::measure).ledger.issued; }
  /// These agents speak twice a second, for so long. What was said meanwhile comes back.
  Steps pass(nanoseconds duration, const Peers& agents = {"a", "b"}) {
    Steps all;
    const auto add = [&](Steps steps) {
      for (auto& each : steps.say) all.say.push_back(std::move(each));
    };
    for (const Instant until = now + duration; now < until; now += 500ms) {
      for (const auto& each : agents) add(beat(each));
      add(tick());
    }
    return all;
  }
};

}  // namespace squall::tests
