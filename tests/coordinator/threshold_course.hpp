#pragma once
// A run of one agent whose seconds pass as the test says, and which is judged by its thresholds.

#include <algorithm>
#include <string>
#include <vector>

#include "coordinator/run/run_replay.hpp"
#include "coordinator/run/threshold_result.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "tests/coordinator/run_fixture.hpp"

namespace squall::tests {

/// One agent, closed load on the engine, no warm-up, 60 s measured.
struct Course : RunFixture {
  std::uint64_t sequence = 0;
  std::int64_t second = 0;
  nanoseconds in_flight_time{0};  // of each second

  void open(const std::string& top, const std::string& tables = "", ThresholdInputs inputs = {},
            unsigned agents = 1) {
    RunRecord record = fresh_record();
    record.scenario_file = "/x/chat.toml";
    record.scenario_text = "name = \"chat\"\n" + top +
                           "\n[target]\nmodel = \"synthetic:llama-15m/q8_0\"\n[users]\ncount = "
                           "4\n[phases]\nwarm_up = \"0s\"\nmeasure = \"60s\"\ndrain = \"2s\"\n" +
                           tables;
    record.scenario = scenarios::parse_scenario(record.scenario_text, record.scenario_file);
    restart(std::move(record), {.agents = agents});
    run.resolve_thresholds_by(std::move(inputs));
    greet("a");
  }
  void start(Ready ready = {}) {
    hear("a", std::move(ready));
    now += 2s;
    tick();
  }
  void start_two() {
    greet("b", 101);
    tick();
    hear("b", Ready{});
    start();
  }
  /// One more second, in which so many answers took so long.
  Steps pass_second(nanoseconds ttft, std::uint64_t answers = 100, std::uint64_t tokens = 1000) {
    MetricsBatch batch;
    batch.sequence = ++sequence;
    batch.snapshot.from = std::chrono::seconds(second);
    batch.snapshot.to = std::chrono::seconds(++second);
    batch.snapshot.tokens_in_interval = tokens;
    batch.snapshot.answers_in_interval = answers;
    batch.snapshot.in_flight_time = in_flight_time;
    auto& metrics = batch.snapshot[Phase::measure];
    metrics.ledger.scheduled = metrics.ledger.issued = metrics.ledger.ok = answers;
    metrics.output_tokens = tokens;
    for (std::uint64_t i = 0; i < answers; ++i)
      metrics.durations[static_cast<std::size_t>(scenarios::Metric::ttft)].record(ttft);
    now += 1s;
    beat("a");
    hear("a", std::move(batch));
    return tick();
  }
  /// One second of one of several agents.
  void tell(const std::string& agent, std::int64_t at, std::uint64_t tokens) {
    MetricsBatch batch;
    batch.sequence = static_cast<std::uint64_t>(at) + 1;
    batch.snapshot.from = std::chrono::seconds(at);
    batch.snapshot.to = std::chrono::seconds(at + 1);
    batch.snapshot.tokens_in_interval = tokens;
    batch.snapshot[Phase::measure].ledger.ok = tokens / 50;
    hear(agent, std::move(batch));
  }
  Steps pass_seconds(int count, nanoseconds ttft) {
    Steps last;
    for (int i = 0; i < count; ++i) last = pass_second(ttft);
    return last;
  }
  void finish() {
    hear("a", Sealed{sequence, {}, 0, {}});
    now += 20s;
    tick();
  }
  template <class Entry>
  std::vector<Entry> entries() const {
    std::vector<Entry> found;
    for (const auto& each : journal)
      if (const auto* entry = std::get_if<Entry>(&each)) found.push_back(*entry);
    return found;
  }
  ThresholdAnswer change(const std::string& text, bool unset = false) {
    ThresholdAnswer answer = run.on_threshold_change(text, unset, now);
    note(answer.steps);
    return answer;
  }
  std::vector<RunEntry> opened_and_journal() const {
    std::vector<RunEntry> all{RunOpened{"run-1",
                                        "0.1.0",
                                        "",
                                        run.record().scenario_file,
                                        run.record().scenario_text,
                                        {},
                                        {},
                                        {},
                                        1}};
    for (const auto& each : journal)
      if (!std::holds_alternative<RunOpened>(each)) all.push_back(each);
    return all;
  }
  /// As whoever reads the journal finds it.
  RunRecord again() const { return replay(opened_and_journal()); }
};

inline Ready ready_on(unsigned cores, std::uint64_t parameters) {
  Ready ready;
  ready.hardware.emplace();
  ready.hardware->processor = "some processor";
  ready.hardware->architecture = "x86_64";
  ready.hardware->cores = ready.hardware->threads = cores;
  ready.hardware->memory_bytes = std::uint64_t{8} << 30;
  ready.model_facts.emplace();
  ready.model_facts->parameters = parameters;
  ready.model_facts->weight_bytes = parameters;
  ready.model_facts->multiply_adds = parameters;
  return ready;
}

inline const ThresholdResult& result_of(const std::vector<ThresholdResult>& all,
                                        const std::string& text) {
  for (const auto& each : all)
    if (each.threshold.text == text) return each;
  BOOST_FAIL("no threshold " + text);
  return all.front();
}

}  // namespace squall::tests
