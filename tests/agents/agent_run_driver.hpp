#pragma once
// An AgentRun on a hand-moved clock, with a coordinator whose clock is 10 s ahead and that answers
// what it is told to answer.

#include <functional>
#include <string>
#include <vector>

#include "agents/agent_run.hpp"

namespace squall::tests {

using namespace squall::actors;
using namespace squall::agents;
using namespace std::chrono_literals;

inline constexpr const char* plain_scenario = R"(
name = "test"
[target]
model = "synthetic:llama-15m/q8_0"
[users]
count = 4
ramp = "2s"
[phases]
warm_up = "1500ms"
measure = "2s"
drain = "1s"
)";

/// Long enough to lose a coordinator in it, and to find it again.
inline constexpr const char* long_scenario = R"(
name = "test"
[target]
model = "synthetic:llama-15m/q8_0"
[users]
count = 4
[phases]
measure = "60s"
drain = "1s"
)";

/// Answers are checked after the drain.
inline std::string checked_scenario(const std::string& measure) {
  return R"(
name = "test"
accuracy = { sample = 0.5, time_limit = "20s" }
[target]
model = "synthetic:llama-15m/q8_0"
[users]
count = 4
[phases]
measure = ")" +
         measure + R"("
drain = "1s"
)";
}

template <class Effect>
const Effect* find(const AgentEffects& effects) {
  for (const auto& each : effects)
    if (const auto* found = std::get_if<Effect>(&each)) return found;
  return nullptr;
}

template <class Effect>
std::size_t count(const AgentEffects& effects) {
  std::size_t found = 0;
  for (const auto& each : effects) found += std::holds_alternative<Effect>(each);
  return found;
}

template <class Message>
std::vector<Message> all_sent(const AgentEffects& effects) {
  std::vector<Message> found;
  for (const auto& each : effects)
    if (const auto* send = std::get_if<effect::Send>(&each))
      if (const auto* message = std::get_if<Message>(&send->message)) found.push_back(*message);
  return found;
}

template <class Message>
const Message* sent(const AgentEffects& effects) {
  for (const auto& each : effects)
    if (const auto* send = std::get_if<effect::Send>(&each))
      if (const auto* found = std::get_if<Message>(&send->message)) return found;
  return nullptr;
}

template <class Entry>
const Entry* kept(const AgentEffects& effects) {
  for (const auto& each : effects)
    if (const auto* keep = std::get_if<effect::Keep>(&each))
      if (const auto* found = std::get_if<Entry>(&keep->entry)) return found;
  return nullptr;
}

/// How often it told that it resumed after a pause.
inline std::size_t resumed(const AgentEffects& effects) {
  std::size_t found = 0;
  for (const auto& each : effects)
    if (const auto* news = std::get_if<effect::Tell>(&each))
      found += news->what.starts_with("resumed after") ? 1 : 0;
  return found;
}

inline MetricsSnapshot empty_snapshot(std::uint32_t in_flight) {
  MetricsSnapshot result;
  result.in_flight = in_flight;
  return result;
}

/// More than a message holds: many categories of prompts, and durations of every length in each.
inline MetricsSnapshot endless_snapshot() {
  MetricsSnapshot result;
  auto& categories = result[Phase::measure].categories;
  categories.resize(64);
  for (auto& category : categories) {
    for (int i = 1; i < 6000; ++i) category.ttft.record(i * i * 1us);
    category.e2e = category.ttft;
  }
  return result;
}

struct AgentDriver {
  Instant now{1h};
  AgentCaps caps;
  FabricTimes times;
  AgentRun run{Hello{"a", "0.1.0", "host", 7}, 42, times, now};

  // What the coordinator and the recorder do.
  bool answers_beats = true;
  bool acknowledges = true;
  std::uint32_t in_flight = 3;

  AgentEffects prepared, replied, ready, begun, seen;
  std::vector<Instant> snapshots;
  std::vector<AgentEntry> journal;
  std::uint64_t newest_batch = 0;
  Instant newest_beat{};
  Instant start;

  /// A new agent, with other caps.
  void start_with(const AgentCaps& limits) {
    caps = limits;
    run = AgentRun(Hello{"a", "0.1.0", "host", 7, {}, caps}, 42, times, now);
  }

  AgentEffects say(CoordinatorMessage message) { return run.on_message(message, "run-1", now); }

  void answer_probe(const AgentEffects& effects) {
    if (const auto* probe = sent<ClockProbe>(effects)) {
      const auto there = (Instant(nanoseconds(probe->sent)) + 10s + 1ms).time_since_epoch().count();
      now += 2ms;
      replied = say(ClockReply{probe->sent, there, there});
    }
  }

  void prepare(const std::string& text = plain_scenario, scenarios::AgentShare share = {0, 1}) {
    run.on_tick(now, now);
    prepared = say(Prepare{text, "dir/test.toml", share});
    take(prepared);
  }

  void answer_all_probes() {
    for (int i = 0; i < 16; ++i) {
      now += 20ms;
      answer_probe(run.on_tick(now, now));
    }
  }

  void make_ready(const std::string& text = plain_scenario) {
    prepare(text);
    run.on_target_ready({"m", "f", true, "avx2", 1, 5ms}, now);
    answer_all_probes();
    ready = run.on_calibrated({.starts_per_second = 50'000});
  }

  void begin(const std::string& text = plain_scenario) {
    make_ready(text);
    start = now + 2s;
    begun = say(StartAt{(start + 10s).time_since_epoch().count()});
    take(begun);
  }

  /// Performs what a journal, a recorder and a coordinator would do about these effects, and
  /// remembers all others.
  void take(const AgentEffects& effects) {
    for (const auto& each : effects) {
      if (const auto* keep = std::get_if<effect::Keep>(&each)) journal.push_back(keep->entry);
      if (const auto* snapshot = std::get_if<effect::TakeSnapshot>(&each)) {
        snapshots.push_back(snapshot->until);
        MetricsSnapshot taken = empty_snapshot(in_flight);
        taken.from = snapshots.size() > 1 ? snapshots.end()[-2] - start : 0s;
        taken.to = snapshot->until - start;
        take(run.on_snapshot(taken, now));
        continue;
      }
      seen.push_back(each);
      const auto* send = std::get_if<effect::Send>(&each);
      if (send == nullptr) continue;
      if (const auto* batch = std::get_if<MetricsBatch>(&send->message); batch && acknowledges)
        if (batch->sequence == newest_batch + 1) newest_batch = batch->sequence;
      if (const auto* beat = std::get_if<Heartbeat>(&send->message)) {
        newest_beat = Instant(nanoseconds(beat->sent));
        if (answers_beats) take(say(LeaseRenewed{newest_batch, beat->sent}));
      }
    }
  }

  /// Lives by its own ticks until `until`, and then is there.
  void live_until(Instant until) {
    while (run.next_tick(now) <= until) {
      now = run.next_tick(now);
      take(run.on_tick(now, now));
    }
    now = std::max(now, until);
  }

  /// To where nothing is heard of the coordinator any more.
  void lose_the_coordinator() {
    answers_beats = false;
    acknowledges = false;
  }
};

}  // namespace squall::tests
