#include "tests/coordinator/sample_runs.hpp"

#include <functional>
#include <map>

#include "actors/metrics/metrics_recorder.hpp"

namespace squall::tests {

using namespace std::chrono_literals;
using namespace actors;
using coordinator::AgentRecord;
using coordinator::MetricsTimeline;
using scenarios::Metric;

namespace {

const Instant start{1h};

scenarios::ClosedUsers five_users() {
  scenarios::ClosedUsers users;
  users.count = scenarios::LoadShape::constant(5);
  return users;
}

scenarios::OpenArrivals twenty_arrivals() {
  scenarios::OpenArrivals arrivals;
  arrivals.process = scenarios::OpenArrivals::Process::constant;
  arrivals.rate = scenarios::LoadShape::constant(20);
  return arrivals;
}

Phase phase_at(nanoseconds at) { return at < 5s ? Phase::warm_up : Phase::measure; }

/// An event of the recorder: instants of different requests interleave.
using Events = std::multimap<Instant, std::function<void(MetricsRecorder&)>>;

/// A request of 8 tokens: the first after 50 to 70 ms, the others 25 ms apart.
Instant add_request(Events& events, std::uint64_t number, nanoseconds at) {
  RequestTimeline request;
  request.request = number;
  request.phase = phase_at(at);
  request.scheduled = start + at;
  request.dispatched = request.scheduled + 100us + number % 7 * 20us;
  request.admitted = request.dispatched + 2ms;
  const Instant first = request.dispatched + 50ms + number * 37 % 100 * 200us;
  for (int token = 0; token < 8; ++token) request.content.push_back(first + token * 25ms);
  request.ended = request.content.back();
  request.prompt_tokens = 32;
  request.output_tokens = 8;
  request.outcome = Completed{};
  const Phase phase = request.phase;
  events.emplace(request.scheduled, [phase](auto& recorder) { recorder.on_scheduled(phase); });
  events.emplace(request.dispatched, [phase, at = request.dispatched](auto& recorder) {
    recorder.on_issued(phase, at);
  });
  for (const Instant token : request.content)
    events.emplace(token, [](auto& recorder) { recorder.on_tokens(1); });
  events.emplace(request.ended, [request](auto& recorder) { recorder.on_ended(request); });
  return request.ended;
}

AgentRecord agent_record(std::uint32_t index, std::uint32_t count) {
  AgentRecord agent;
  agent.hello = {"local-" + std::to_string(index + 1), "0.1.0", "bench-host", 4000 + index};
  agent.epoch = 7 + index;
  agent.share = {index, count};
  Ready ready;
  ready.plan_fingerprint = 0x1234567890abcdefULL + index;
  ready.model_name = "stories260k-q8_0";
  ready.model_fingerprint = "00112233aabbccdd";
  ready.model_choice = "real (default)";
  ready.model_origin = "models/stories260k-q8_0.gguf";
  ready.instruction_set = "avx2";
  ready.engine_threads = 3;
  ready.load_time = 41ms;
  ready.clock_error_bound = 120us;
  ready.target_kind = "engine";
  ready.token_counts = "the model's tokenizer";
  ready.calibration = {41'000, 900'000, 35us, 12us, 1us};
  agent.ready = ready;
  agent.started = Started{150us + index * 400us};
  agent.sealed = Sealed{};
  return agent;
}

RunRecord bare_record() {
  RunRecord record;
  record.id = "20261121-063341-4f2a";
  record.tool_version = "0.1.0";
  record.started_at = "2026-11-21T06:33:41Z";
  record.scenario_file = "scenarios/steady_chat.toml";
  record.scenario_text = "name = \"steady chat\"\n";
  record.scenario_hash = "9f86d081884c7d65";
  record.scenario.name = "steady chat";
  record.scenario.description = "Does a small model keep up with a steady chat?";
  record.scenario.seed = 42;
  record.scenario.target.model = "stories260k-q8_0";
  record.scenario.phases = {5s, 30s, 10s};
  record.began = true;
  return record;
}

/// Plays the events of one agent and adds its snapshots, one a second.
void play(RunRecord& record, std::size_t agent, Events events) {
  MetricsRecorder recorder(start);
  const Instant last = events.rbegin()->first;
  auto next = events.begin();
  for (Instant until = start + 1s; until < last + 1s; until += 1s) {
    for (; next != events.end() && next->first <= until; ++next) next->second(recorder);
    MetricsSnapshot snapshot = recorder.take_snapshot(until);
    snapshot.active_users = 5;
    snapshot.loop_lag = 300us;
    snapshot.process_cpu = 900ms;
    snapshot.engine_cpu = 850ms;
    snapshot.resident_bytes = 64 << 20;
    add_batch(record, agent, snapshot);
  }
}

}  // namespace

void add_batch(RunRecord& record, std::size_t agent, const MetricsSnapshot& snapshot) {
  record.timeline.add(agent, snapshot);
  AgentRecord& of_agent = record.agents.at(agent);
  ++of_agent.batches;
  ++of_agent.sealed->batches;
  for (std::size_t phase = 0; phase < phase_count; ++phase)
    of_agent.sealed->totals[phase] += snapshot.phases[phase].ledger;
}

MetricsSnapshot moment_in_window() {
  MetricsSnapshot snapshot;
  snapshot.from = snapshot.to = 20s;
  return snapshot;
}

namespace {

RunRecord play_healthy_run() {
  RunRecord record = bare_record();
  record.scenario.load = twenty_arrivals();
  for (const char* text : {"ttft p95 < 300ms", "error_rate < 1%", "tokens_per_second > 100"})
    record.scenario.thresholds.push_back(scenarios::parse_threshold(text));
  record.timeline = MetricsTimeline(record.scenario.phases, 2);
  for (std::uint32_t index = 0; index < 2; ++index) {
    record.agents.push_back(agent_record(index, 2));
    Events events;
    for (std::uint64_t arrival = index; arrival < 700; arrival += 2)
      add_request(events, arrival, arrival * 50ms);
    record.agents.back().ready->planned_requests = 350;
    play(record, index, std::move(events));
  }
  return record;
}

}  // namespace

RunRecord healthy_record() {
  static const RunRecord record = play_healthy_run();  // played once, copied often
  return record;
}

RunRecord healthy_closed_record() {
  RunRecord record = bare_record();
  record.scenario.load = five_users();
  record.scenario.thresholds.push_back(scenarios::parse_threshold("e2e p95 < 1s"));
  record.timeline = MetricsTimeline(record.scenario.phases, 1);
  record.agents.push_back(agent_record(0, 1));
  record.agents.back().ready->planned_users = 5;
  Events events;
  for (std::uint64_t user = 0; user < 5; ++user) {
    std::uint64_t request = user;
    for (nanoseconds at = user * 10ms; at < 35s; request += 5)
      at = add_request(events, request, at) - start;
  }
  play(record, 0, std::move(events));
  return record;
}

RunRecord troubled_record() {
  RunRecord record = record_of(
      {.completed = {{80ms, 400}, {350ms, 12}}, .errors = 3, .timeouts = 2, .open_at_end = 4},
      "ttft p95 < 300ms");
  record.scenario.thresholds.push_back(scenarios::parse_threshold("e2e p99.9 < 60s"));
  MetricsSnapshot errors = moment_in_window();
  errors[Phase::measure].errors = {{"prompt too long", 2}, {"\x1b]0;owned\x07\xff refused", 1}};
  add_batch(record, 0, errors);
  AgentRecord& agent = record.agents[0];
  agent.hello.name = "\x1b[2Jevil\nagent";
  agent.ready->model_is_synthetic = true;
  agent.ready->model_name = "synthetic:llama-15m/q8_0";
  agent.ready->model_choice = "prefer-real (scenario)";
  agent.ready->model_origin.clear();
  agent.ready->warnings = {
      "synthetic:llama-15m/q8_0 stands in for the model 'big\x1b[2J', which is not there"};
  agent.sealed.reset();
  agent.lost = "no sign of life for 4.0 s";
  record.broken = "agent \x1b[2Jevil\nagent was lost: no sign of life for 4.0 s";
  MetricsSnapshot last;
  last.from = last.to = 34s;
  last[Phase::measure].ledger.scheduled = last[Phase::measure].ledger.issued = 5;
  record.timeline.add(0, last);
  return record;
}

namespace {

void add_silence(RunRecord& record) {
  for (int second = 30; second < 35; ++second) {
    MetricsSnapshot snapshot;
    snapshot.from = std::chrono::seconds(second);
    snapshot.to = snapshot.from + 1s;
    snapshot.in_flight_time = 8s;
    snapshot.process_cpu = 20ms;
    if (second == 34) snapshot.tokens_in_interval = 10;
    add_batch(record, 0, snapshot);
  }
}

void add_varied_figures(RunRecord& record) {
  MetricsSnapshot snapshot;
  snapshot.from = 20s;
  snapshot.to = 21s;
  PhaseMetrics& metrics = snapshot[Phase::measure];
  const auto add = [&](Metric metric, nanoseconds value, std::uint64_t times) {
    metrics.durations[static_cast<std::size_t>(metric)].record(value, times);
  };
  for (const Metric metric : {Metric::ttft, Metric::ttft_service, Metric::e2e, Metric::e2e_service})
    add(metric, 120ms, 100);
  add(Metric::stall, 40ms, 99);
  add(Metric::stall, 4100ms, 1);
  add(Metric::stamp_delay, 41us, 800);
  add(Metric::cache_hit, 35us, 60);
  add(Metric::dispatch_delay, 90us, 165);
  metrics.ledger.ok = 160;
  metrics.cached = 60;
  metrics.ledger.error = 5;
  metrics.errors["circuit breaker open"] = 5;
  metrics.ledger.issued = 165;
  metrics.ledger.dropped_late = 2;
  metrics.ledger.scheduled = 167;
  metrics.attempts = 190;
  metrics.retried = 20;
  metrics.late = 3;
  metrics.tokens_disputed = 4;
  metrics.accuracy_asked = 24;
  metrics.accuracy_agreed = 23;
  metrics.output_tokens = 800;
  metrics.categories.resize(2);
  metrics.categories[0] = {120, 2, 500, {}, {}};
  metrics.categories[0].ttft.record(100ms, 60);
  metrics.categories[0].e2e.record(200ms, 60);
  metrics.categories[1] = {40, 3, 300, {}, {}};
  metrics.categories[1].ttft.record(150ms, 40);
  metrics.categories[1].e2e.record(900ms, 40);
  snapshot.answers_in_interval = 100;
  snapshot.tokens_in_interval = 800;
  snapshot.process_cpu = 6ms;
  snapshot.events = {{12'300ms, "circuit breaker open: 5 failures in a row"},
                     {17'300ms, "circuit breaker \x1b[2Jclosed"}};
  add_batch(record, 0, snapshot);
}

}  // namespace

RunRecord varied_record() {
  RunRecord record = bare_record();
  scenarios::OpenArrivals arrivals;
  arrivals.process = scenarios::OpenArrivals::Process::gamma;
  arrivals.burstiness = 2;
  arrivals.rate = scenarios::LoadShape({{10s, 2, 12, 0, 0s}, {0s, 12, 12, 0, 0s}});
  arrivals.max_in_flight = 64;
  record.scenario.load = arrivals;
  record.scenario.target.kind = scenarios::TargetKind::simulated;
  record.scenario.target.model.clear();
  record.scenario.categories.resize(2);
  record.scenario.categories[0].name = "chat";
  record.scenario.categories[1].name = "summaries of long documents";
  record.scenario.accuracy.sample = 0.02;
  record.scenario.thresholds = {scenarios::parse_threshold("accuracy > 90%"),
                                scenarios::parse_threshold("cache_hit p90 < 1ms")};
  record.timeline = MetricsTimeline(record.scenario.phases, 1);
  AgentRecord agent = agent_record(0, 1);
  const Calibration calibration = agent.ready->calibration;
  agent.ready = Ready{};
  agent.ready->plan_fingerprint = 0x1234;
  agent.ready->planned_requests = 167;
  agent.ready->target_kind = "simulated";
  agent.ready->target_is_simulated = true;
  agent.ready->target_origin = "lognormal, 8 servers";
  agent.ready->token_counts = "as planned";
  agent.ready->calibration = calibration;
  agent.ready->calibration.starts_per_second = 300;
  record.agents.push_back(agent);
  add_varied_figures(record);
  add_silence(record);
  return record;
}

RunRecord record_of(const Ended& ended, const std::string& threshold) {
  RunRecord record = bare_record();
  record.scenario.load = five_users();
  record.scenario.thresholds = {scenarios::parse_threshold(threshold)};
  record.timeline = MetricsTimeline(record.scenario.phases, 1);
  record.agents.push_back(agent_record(0, 1));
  MetricsSnapshot snapshot;
  snapshot.from = 10s;
  snapshot.to = 20s;
  auto& metrics = snapshot[Phase::measure];
  const auto record_in = [&](Metric metric, nanoseconds value, std::uint64_t times) {
    metrics.durations[static_cast<std::size_t>(metric)].record(value, times);
  };
  for (const auto& [latency, times] : ended.completed) {
    for (const Metric metric :
         {Metric::ttft, Metric::ttft_service, Metric::e2e, Metric::e2e_service})
      record_in(metric, latency, times);
    metrics.ledger.ok += times;
  }
  metrics.ledger.error = ended.errors;
  metrics.ledger.timeout = ended.timeouts;
  metrics.ledger.open_at_end = ended.open_at_end;
  metrics.ledger.dropped_late = ended.dropped_late;
  metrics.ledger.issued = metrics.ledger.ended();
  metrics.attempts = metrics.ledger.ended();
  metrics.ledger.scheduled = metrics.ledger.issued + ended.dropped_late;
  record_in(Metric::dispatch_delay, 100us, metrics.ledger.ended());
  snapshot.answers_in_interval = metrics.ledger.ok;
  snapshot.tokens_in_interval = metrics.ledger.ok * 10;
  add_batch(record, 0, snapshot);
  return record;
}

}  // namespace squall::tests
