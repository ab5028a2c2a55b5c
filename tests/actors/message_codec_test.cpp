#include "actors/wire/message_codec.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "actors/metrics/metrics_recorder.hpp"
#include "actors/wire/limits.hpp"
#include "tests/actors/message_equality.hpp"
#include "tests/actors/random_messages.hpp"

using namespace squall::actors;
using namespace std::chrono_literals;
using squall::scenarios::Random;
using squall::tests::RandomMessages;

namespace {

using Kind = DecodeError::Kind;

Envelope from_agent(AgentMessage message) { return {"run", 1, std::move(message)}; }
Envelope from_coordinator(CoordinatorMessage message) { return {"run", 1, std::move(message)}; }

bool survives(const Envelope& envelope) {
  const auto decoded = decode(encode(envelope));
  const auto* again = std::get_if<Envelope>(&decoded);
  return again != nullptr && *again == envelope;
}

DecodeError refusal_of(const std::variant<Envelope, DecodeError>& decoded) {
  BOOST_REQUIRE(std::holds_alternative<DecodeError>(decoded));
  return std::get<DecodeError>(decoded);
}

bool is_nonsense(const Envelope& envelope) {
  const auto decoded = decode(encode(envelope));
  const auto* error = std::get_if<DecodeError>(&decoded);
  return error != nullptr && error->kind == Kind::nonsense;
}

/// What `second` adds to `first`, as protobuf merges messages that follow each other.
Bytes joined(const Envelope& first, const Envelope& second) {
  Bytes bytes = encode(first);
  const Bytes more = encode(second);
  bytes.insert(bytes.end(), more.begin(), more.end());
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_message_survives_the_wire_with_any_content) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    RandomMessages messages(seed);
    for (std::size_t kind = 0; kind < RandomMessages::kinds; ++kind) {
      const Envelope envelope = messages.envelope(kind);
      BOOST_REQUIRE_MESSAGE(survives(envelope), "kind " << kind << " with seed " << seed);
    }
  }
}

BOOST_AUTO_TEST_CASE(empty_messages_survive_the_wire) {
  BOOST_TEST(survives({"", 0, AgentMessage(Hello{})}));
  BOOST_TEST(survives({"", 0, AgentMessage(Ready{})}));
  BOOST_TEST(survives({"", 0, AgentMessage(MetricsBatch{1, {}})}));
  BOOST_TEST(survives({"", 0, AgentMessage(Sealed{})}));
  BOOST_TEST(survives({"", 0, CoordinatorMessage(Rejected{})}));
  BOOST_TEST(survives({"", 0, CoordinatorMessage(SealAcknowledged{})}));
}

BOOST_AUTO_TEST_CASE(texts_that_are_not_utf8_survive_the_wire) {
  BOOST_TEST(survives(from_agent(PrepareFailed{"no file '/data/\xe4\xf6\xff.gguf'", true})));
  BOOST_TEST(survives(from_coordinator(Prepare{"a", "/home/\xc3/run.toml", {0, 1}})));
  MetricsBatch batch{1, {}};
  batch.snapshot[Phase::measure].errors["\xf0\x28"] = 3;
  BOOST_TEST(survives(from_agent(batch)));
}

BOOST_AUTO_TEST_CASE(extreme_numbers_survive_the_wire) {
  BOOST_TEST(survives(from_agent(Started{nanoseconds(-time_limit)})));
  BOOST_TEST(survives(from_agent(ClockProbe{time_limit})));
  BOOST_TEST(survives(from_coordinator(StartAt{-time_limit})));
  BOOST_TEST(survives(from_coordinator(Prepare{"", "", {0xfffffffe, 0xffffffff}})));
  MetricsBatch batch{~std::uint64_t{0}, {}};
  batch.snapshot.in_flight = 0xffffffff;
  batch.snapshot.to = nanoseconds(time_limit);
  batch.snapshot[Phase::warm_up].ledger.ok = count_limit;
  batch.snapshot[Phase::warm_up].durations[0].record(nanoseconds::max());
  batch.snapshot[Phase::warm_up].durations[1].record(nanoseconds::min());
  batch.snapshot[Phase::warm_up].durations[2].record(137'438s);  // the last bucket but few
  BOOST_TEST(survives(from_agent(batch)));
}

BOOST_AUTO_TEST_CASE(another_version_is_told_with_both_versions) {
  Bytes frame = encode(from_agent(Hello{"agent", "0.1.0", "host", 7}));
  BOOST_REQUIRE((frame[0] == std::byte{0x08} && frame[1] == std::byte{protocol_version}));
  frame[1] = std::byte{42};
  const DecodeError error = refusal_of(decode(frame));
  BOOST_TEST((error.kind == Kind::wrong_version));
  BOOST_TEST(
      error.text ==
      "the peer speaks version 42 of Squall's protocol, this program version 4; use the same "
      "release on both sides");
}

BOOST_AUTO_TEST_CASE(a_frame_without_a_version_is_another_version) {
  BOOST_TEST((refusal_of(decode(Bytes{})).kind == Kind::wrong_version));
}

BOOST_AUTO_TEST_CASE(frames_above_a_mebibyte_are_refused_unread) {
  const DecodeError error = refusal_of(decode(Bytes(frame_limit + 1)));
  BOOST_TEST((error.kind == Kind::too_large));
  BOOST_TEST(error.text == "a frame of 1048577 bytes; the limit is 1048576");
  const Envelope large = from_coordinator(Prepare{std::string(frame_limit, 'x'), "", {0, 1}});
  BOOST_TEST((refusal_of(decode(encode(large))).kind == Kind::too_large));
  const Envelope fits = from_coordinator(Prepare{std::string(frame_limit - 100, 'x'), "", {0, 1}});
  BOOST_TEST(survives(fits));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_message_are_malformed) {
  const std::string text = "GET / HTTP/1.1\r\n\r\n";
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  BOOST_TEST((refusal_of(decode({begin, text.size()})).kind == Kind::malformed));
}

BOOST_AUTO_TEST_CASE(a_message_in_the_wrong_direction_is_refused) {
  const Bytes of_agent = encode(from_agent(Heartbeat{}));
  const Bytes of_coordinator = encode(from_coordinator(LeaseRenewed{}));
  BOOST_TEST(std::holds_alternative<Envelope>(decode(of_agent, Sender::agent)));
  BOOST_TEST(std::holds_alternative<Envelope>(decode(of_coordinator, Sender::coordinator)));
  BOOST_TEST((refusal_of(decode(of_agent, Sender::coordinator)).kind == Kind::nonsense));
  BOOST_TEST((refusal_of(decode(of_coordinator, Sender::agent)).kind == Kind::nonsense));
  BOOST_TEST((refusal_of(decode(Bytes{}, Sender::agent)).kind == Kind::wrong_version));
}

BOOST_AUTO_TEST_CASE(a_frame_that_speaks_in_both_directions_is_refused) {
  const DecodeError error =
      refusal_of(decode(joined(from_agent(Heartbeat{}), from_coordinator(LeaseRenewed{}))));
  BOOST_TEST((error.kind == Kind::nonsense));
  BOOST_TEST(error.text == "a frame with messages in both directions");
}

BOOST_AUTO_TEST_CASE(a_frame_without_a_known_message_is_refused) {
  const Bytes only_version{std::byte{0x08}, std::byte{protocol_version}};
  BOOST_TEST((refusal_of(decode(only_version)).kind == Kind::nonsense));
}

BOOST_AUTO_TEST_CASE(numbers_that_no_run_has_are_nonsense) {
  BOOST_TEST(is_nonsense(from_coordinator(Prepare{"", "", {1, 1}})));
  BOOST_TEST(is_nonsense(from_coordinator(Prepare{"", "", {0, 0}})));
  BOOST_TEST(is_nonsense(from_coordinator(StopLoad{-1ns})));
  BOOST_TEST(is_nonsense(from_coordinator(StopLoad{nanoseconds::max()})));
  BOOST_TEST(is_nonsense(from_coordinator(StartAt{time_limit + 1})));
  BOOST_TEST(is_nonsense(from_coordinator(ClockReply{0, -time_limit - 1, 0})));
  BOOST_TEST(is_nonsense(from_agent(ClockProbe{time_limit + 1})));
  BOOST_TEST(is_nonsense(from_agent(Heartbeat{-1ns})));
  BOOST_TEST(is_nonsense(from_agent(Started{nanoseconds::min()})));
  Ready ready;
  ready.planned_requests = count_limit + 1;
  BOOST_TEST(is_nonsense(from_agent(ready)));
  ready = {};
  ready.clock_error_bound = -1ns;
  BOOST_TEST(is_nonsense(from_agent(ready)));
  for (const double rate : {-1.0, std::nan(""), std::numeric_limits<double>::infinity(), 1e13}) {
    ready = {};
    ready.calibration.starts_per_second = rate;
    BOOST_TEST(is_nonsense(from_agent(ready)), rate);
    ready = {};
    ready.calibration.chunks_per_second = rate;
    BOOST_TEST(is_nonsense(from_agent(ready)), rate);
  }
  ready = {};
  ready.calibration.cpu_per_start = -1ns;
  BOOST_TEST(is_nonsense(from_agent(ready)));
  Sealed sealed;
  sealed.totals[1].timeout = count_limit + 1;
  BOOST_TEST(is_nonsense(from_agent(sealed)));
}

BOOST_AUTO_TEST_CASE(what_no_fabric_says_is_nonsense) {
  const auto hello = [](auto spoil) {
    Hello made;
    spoil(made);
    return is_nonsense(from_agent(std::move(made)));
  };
  BOOST_TEST(!hello([](Hello&) {}));
  BOOST_TEST(hello([](Hello& h) { h.batches = count_limit + 1; }));
  BOOST_TEST(hello([](Hello& h) { h.caps.users = count_limit + 1; }));
  BOOST_TEST(hello([](Hello& h) { h.caps.rate = -1; }));
  BOOST_TEST(hello([](Hello& h) { h.caps.rate = std::nan(""); }));
  BOOST_TEST(hello([](Hello& h) { h.caps.duration = -1ns; }));
  BOOST_TEST(is_nonsense(from_agent(Heartbeat{0ns, time_limit + 1, 0, 0ns, 0ns})));
  BOOST_TEST(is_nonsense(from_agent(Heartbeat{0ns, 0, 0, nanoseconds::min(), 0ns})));
  BOOST_TEST(is_nonsense(from_agent(Heartbeat{0ns, 0, 0, 0ns, -1ns})));
  BOOST_TEST(is_nonsense(from_coordinator(LeaseRenewed{1, time_limit + 1})));
  BOOST_TEST(is_nonsense(from_coordinator(TakeOver{1, {0, 0, 1}, 0ns, 0ns})));
  BOOST_TEST(is_nonsense(from_coordinator(TakeOver{1, {1, 4, 4}, 0ns, 0ns})));
  BOOST_TEST(is_nonsense(from_coordinator(TakeOver{1, {1, 4, 0}, 0ns, 0ns})));
  BOOST_TEST(is_nonsense(from_coordinator(TakeOver{1, {1, 4, 2}, -1ns, 0ns})));
  BOOST_TEST(is_nonsense(from_coordinator(TakeOver{1, {1, 4, 2}, 0ns, -1ns})));
  BOOST_TEST(!is_nonsense(from_coordinator(TakeOver{1, {1, 4, 3}, 0ns, 0ns})));
  Roster roster;
  roster.agents.resize(1);
  BOOST_TEST(!is_nonsense(from_coordinator(roster)));
  roster.agents[0].last_heard = -1ns;
  BOOST_TEST(is_nonsense(from_coordinator(roster)));
}

BOOST_AUTO_TEST_CASE(labels_and_rosters_beyond_the_limits_are_cut_and_refused_from_others) {
  Hello hello;
  hello.labels.assign(label_limit + 5, std::string(3 * text_of_label, 'l'));
  hello.caps.hosts = hello.labels;
  const auto decoded = decode(encode(from_agent(hello)));
  BOOST_REQUIRE(std::holds_alternative<Envelope>(decoded));
  const auto& arrived =
      std::get<Hello>(std::get<AgentMessage>(std::get<Envelope>(decoded).message));
  BOOST_TEST(arrived.labels.size() == label_limit);
  BOOST_TEST(arrived.labels.front().size() == text_of_label);
  BOOST_TEST(arrived.caps.hosts.size() == label_limit);
  BOOST_TEST(
      (refusal_of(decode(joined(from_agent(hello), from_agent(hello)))).kind == Kind::nonsense));
  Roster roster;
  roster.agents.resize(roster_limit + 5);
  const Envelope all = from_coordinator(roster);
  const auto again = decode(encode(all));
  BOOST_REQUIRE(std::holds_alternative<Envelope>(again));
  BOOST_TEST(std::get<Roster>(std::get<CoordinatorMessage>(std::get<Envelope>(again).message))
                 .agents.size() == roster_limit);
  BOOST_TEST((refusal_of(decode(joined(all, all))).kind == Kind::nonsense));
}

BOOST_AUTO_TEST_CASE(batches_that_cannot_be_are_nonsense) {
  const auto spoiled = [](auto spoil) {
    MetricsBatch batch{1, {}};
    batch.snapshot.to = 1s;
    spoil(batch);
    return is_nonsense(from_agent(std::move(batch)));
  };
  BOOST_TEST(!spoiled([](MetricsBatch&) {}));
  BOOST_TEST(spoiled([](MetricsBatch& b) { b.sequence = 0; }));
  BOOST_TEST(spoiled([](MetricsBatch& b) { b.snapshot.from = 2s; }));
  BOOST_TEST(spoiled([](MetricsBatch& b) { b.snapshot.from = -1ns; }));
  BOOST_TEST(spoiled([](MetricsBatch& b) { b.snapshot.to = nanoseconds::max(); }));
  BOOST_TEST(spoiled([](MetricsBatch& b) { b.snapshot.in_flight_time = -1ns; }));
  BOOST_TEST(spoiled([](MetricsBatch& b) { b.snapshot.engine_cpu = -1ns; }));
  BOOST_TEST(spoiled([](MetricsBatch& b) { b.snapshot.paused = -1ns; }));
  BOOST_TEST(spoiled([](MetricsBatch& b) { b.snapshot.tokens_in_interval = count_limit + 1; }));
  BOOST_TEST(spoiled(
      [](MetricsBatch& b) { b.snapshot[Phase::measure].ledger.scheduled = ~std::uint64_t{0}; }));
  BOOST_TEST(
      spoiled([](MetricsBatch& b) { b.snapshot[Phase::measure].errors["x"] = ~std::uint64_t{0}; }));
  BOOST_TEST(spoiled([](MetricsBatch& b) {
    for (std::size_t i = 0; i <= error_class_limit; ++i)
      b.snapshot[Phase::measure].errors[std::to_string(i)] = 1;
  }));
  for (auto count : {&PhaseMetrics::late, &PhaseMetrics::attempts, &PhaseMetrics::retried,
                     &PhaseMetrics::tokens_disputed, &PhaseMetrics::accuracy_asked,
                     &PhaseMetrics::accuracy_agreed, &PhaseMetrics::cached})
    BOOST_TEST(
        spoiled([&](MetricsBatch& b) { b.snapshot[Phase::measure].*count = ~std::uint64_t{0}; }));
  BOOST_TEST(spoiled([](MetricsBatch& b) { b.snapshot[Phase::measure].cached = 1; }));
  BOOST_TEST(spoiled([](MetricsBatch& b) { b.snapshot[Phase::measure].accuracy_agreed = 1; }));
  BOOST_TEST(spoiled([](MetricsBatch& b) { b.snapshot[Phase::measure].good = 1; }));
  BOOST_TEST(!spoiled(
      [](MetricsBatch& b) { b.snapshot[Phase::measure].categories.resize(category_limit); }));
  BOOST_TEST(spoiled(
      [](MetricsBatch& b) { b.snapshot[Phase::measure].categories.resize(category_limit + 1); }));
  BOOST_TEST(spoiled([](MetricsBatch& b) {
    b.snapshot[Phase::measure].categories.resize(1);
    b.snapshot[Phase::measure].categories[0].failed = count_limit + 1;
  }));
  BOOST_TEST(spoiled([](MetricsBatch& b) { b.snapshot.events = {{-1ns, "early"}}; }));
  // Two batches in one frame: protobuf joins their lists, which then are too long.
  const Envelope batch = from_agent(MetricsBatch{1, {}});
  BOOST_TEST((refusal_of(decode(joined(batch, batch))).kind == Kind::nonsense));
}

BOOST_AUTO_TEST_CASE(overlong_texts_arrive_cut_instead_of_never) {
  const std::string endless(3 * text_limit, 'e');
  const auto decoded = decode(encode(from_agent(PrepareFailed{endless, true})));
  BOOST_REQUIRE(std::holds_alternative<Envelope>(decoded));
  const auto& message = std::get<AgentMessage>(std::get<Envelope>(decoded).message);
  BOOST_TEST(std::get<PrepareFailed>(message).message.size() == text_limit);
}

BOOST_AUTO_TEST_CASE(overlong_texts_that_somebody_else_encoded_are_refused) {
  Envelope envelope = from_agent(Heartbeat{});
  envelope.run = std::string(text_limit + 1, 'r');
  BOOST_TEST(is_nonsense(envelope));
}

BOOST_AUTO_TEST_CASE(warnings_beyond_the_limits_are_left_out_and_refused_from_others) {
  Ready ready;
  ready.warnings.assign(warning_limit + 5, std::string(3 * warning_text_limit, 'w'));
  const Envelope all = from_agent(ready);
  const auto decoded = decode(encode(all));
  BOOST_REQUIRE(std::holds_alternative<Envelope>(decoded));
  const auto& message = std::get<AgentMessage>(std::get<Envelope>(decoded).message);
  const auto& warnings = std::get<Ready>(message).warnings;
  BOOST_TEST(warnings.size() == warning_limit);
  BOOST_TEST(warnings.front().size() == warning_text_limit);
  // Joined, the lists of two messages are too long for one.
  BOOST_TEST((refusal_of(decode(joined(all, all))).kind == Kind::nonsense));
}

BOOST_AUTO_TEST_CASE(events_beyond_the_limits_are_cut_and_refused_from_others) {
  MetricsBatch batch{1, {}};
  batch.snapshot.events.assign(event_limit + 5, {1s, std::string(3 * event_text_limit, 'e')});
  const auto decoded = decode(encode(from_agent(batch)));
  BOOST_REQUIRE(std::holds_alternative<Envelope>(decoded));
  const auto& message = std::get<AgentMessage>(std::get<Envelope>(decoded).message);
  const auto& events = std::get<MetricsBatch>(message).snapshot.events;
  BOOST_TEST(events.size() == event_limit);
  BOOST_TEST(events.front().what.size() == event_text_limit);
}

BOOST_AUTO_TEST_CASE(a_sensor_that_says_nonsense_costs_its_own_figure_and_no_batch) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr std::uint64_t wrong = ~std::uint64_t{0};
  ResourceSample known;
  known.from = 1s;
  known.to = 2s;
  known.gpus.resize(1);
  ResourceSample sample = known;
  sample.cpu_busy = sample.cpu_stolen = -1ns;
  sample.memory_available_bytes = sample.disk_read_bytes = sample.disk_written_bytes = wrong;
  sample.network_received_bytes = sample.network_sent_bytes = wrong;
  sample.temperature = sample.frequency = nan;
  sample.gpus = {{.busy = nan, .memory_used_bytes = wrong, .temperature = nan, .power = nan}};
  sample.own_cpu = nanoseconds::min();
  sample.resident_bytes = sample.voluntary_switches = sample.involuntary_switches = wrong;
  sample.minor_faults = sample.major_faults = wrong;
  sample.proportional_bytes = sample.allocated_bytes = wrong;
  MetricsBatch batch{1, {}};
  batch.snapshot.resources = {sample};
  const auto decoded = decode(encode(from_agent(batch)));
  BOOST_REQUIRE(std::holds_alternative<Envelope>(decoded));
  const auto& message = std::get<AgentMessage>(std::get<Envelope>(decoded).message);
  BOOST_REQUIRE(std::get<MetricsBatch>(message).snapshot.resources.size() == 1u);
  BOOST_TEST((std::get<MetricsBatch>(message).snapshot.resources.front() == known));
}

BOOST_AUTO_TEST_CASE(a_machine_that_says_nonsense_of_itself_still_becomes_ready) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr std::uint64_t wrong = ~std::uint64_t{0};
  squall::scenarios::HardwareFacts facts;
  facts.memory_bytes = facts.memory_free_bytes = facts.memory_limit_bytes = facts.l3_bytes = wrong;
  facts.cpu_limit = nan;
  facts.temperature = facts.power = nan;
  facts.gpus.resize(1);
  facts.gpus[0].memory_bytes = wrong;
  facts.gpus[0].copy_bytes_per_second = facts.gpus[0].matrix_per_second = nan;
  facts.ceilings.bandwidth = {{8, -1.0}};
  facts.ceilings.int8_per_second = facts.ceilings.float_of_one_thread = nan;
  squall::scenarios::HardwareFacts known;
  known.gpus.resize(1);
  known.ceilings.bandwidth = {{8, 0.0}};
  Ready ready;
  ready.hardware = facts;
  ready.model_facts.emplace().kv_bytes = wrong;
  const auto decoded = decode(encode(from_agent(ready)));
  BOOST_REQUIRE(std::holds_alternative<Envelope>(decoded));
  const auto& message = std::get<AgentMessage>(std::get<Envelope>(decoded).message);
  BOOST_TEST((std::get<Ready>(message).hardware == known));
  BOOST_TEST((std::get<Ready>(message).model_facts.value() == squall::scenarios::ModelFacts{}));
}

BOOST_AUTO_TEST_CASE(the_batch_of_a_busy_second_stays_far_below_the_frame_limit) {
  // 2,000 requests a second of 50 tokens each, with latencies over two orders of magnitude.
  Random random(5);
  MetricsRecorder recorder(Instant{});
  for (int i = 0; i < 2000; ++i) {
    RequestTimeline timeline;
    timeline.scheduled = Instant{} + i * 500us;
    const auto some = [&](double nanoseconds_median) {
      return nanoseconds(static_cast<std::int64_t>(nanoseconds_median * std::exp(random.normal())));
    };
    timeline.dispatched = timeline.scheduled + some(30e3);
    timeline.admitted = timeline.dispatched + some(5e6);
    Instant at = timeline.admitted + some(80e6);
    for (int token = 0; token < 50; ++token) timeline.content.push_back(at += some(20e6));
    timeline.ended = at;
    timeline.output_tokens = 50;
    timeline.outcome = Completed{};
    recorder.on_scheduled(timeline.phase);
    recorder.on_issued(timeline.phase, timeline.dispatched);
    recorder.on_ended(timeline);
  }
  MetricsBatch batch{1, recorder.take_snapshot(Instant{} + 1s)};
  const Bytes whole = encode(from_agent(batch));
  BOOST_TEST_MESSAGE("a busy second takes " << whole.size() << " bytes");
  BOOST_TEST(whole.size() < frame_limit / 8);
  BOOST_TEST(std::holds_alternative<Envelope>(decode(whole)));
  batch.snapshot.requests.clear();  // histograms and counts alone
  const Bytes frame = encode(from_agent(batch));
  BOOST_TEST_MESSAGE("without the records of requests " << frame.size() << " bytes");
  BOOST_TEST(frame.size() < frame_limit / 16);
}

BOOST_AUTO_TEST_CASE(even_a_batch_with_every_bucket_of_the_measured_phase_fits_a_frame) {
  Histogram full;
  nanoseconds width = 1us;
  nanoseconds value{0};
  for (std::uint32_t index = 0; index < Histogram::bucket_limit; ++index) {
    if (index >= 2048 && index % 1024 == 0) width *= 2;
    full.record(value);
    value += width;
  }
  BOOST_REQUIRE(full.overflow() == 0u);
  BOOST_REQUIRE(full.parts().counts.size() == Histogram::bucket_limit);
  MetricsBatch batch{1, {}};
  for (auto& histogram : batch.snapshot[Phase::measure].durations) histogram = full;
  const Envelope envelope = from_agent(batch);
  BOOST_TEST(encode(envelope).size() < frame_limit);
  BOOST_TEST(survives(envelope));
}
