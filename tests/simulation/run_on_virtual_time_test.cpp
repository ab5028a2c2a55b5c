// Coordinator and agents, the production actors and state machines, in one process on virtual time.
// Simulated here: the clock, the wire between them (which can lose and repeat), the pacer's thread
// and the target, which answers after a fixed service time.

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <memory>
#include <optional>

#include "actors/wire/message_codec.hpp"
#include "agents/agent_actor.hpp"
#include "agents/load/recorder_actor.hpp"
#include "coordinator/run/run_actor.hpp"
#include "coordinator/run/verdict.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "tests/fixtures/virtual_time.hpp"

using namespace squall;
using namespace squall::actors;
using namespace std::chrono_literals;

namespace {

struct Nothing {};

/// Delivers envelopes to the other side, encoded and decoded as on a real wire.
struct Wire {
  std::map<PeerId, BridgeListener> agents;
  BridgeListener coordinator;
  std::uint64_t frames = 0;
  std::uint64_t lose_every = 0;  // 0: never
  std::uint64_t repeat_every = 0;

  template <class Self>
  void carry(Self self, const BridgeListener& to, const PeerId& from, const Envelope& envelope) {
    ++frames;
    if (lose_every != 0 && frames % lose_every == 0) return;
    auto decoded = decode(encode(envelope));
    BOOST_REQUIRE(std::holds_alternative<Envelope>(decoded));
    const int times = repeat_every != 0 && frames % repeat_every == 0 ? 2 : 1;
    for (int i = 0; i < times; ++i)
      self->delayed_send(to, 1ms, EnvelopeArrived{from, std::get<Envelope>(decoded)});
  }
};

BridgeActor::behavior_type agent_wire(BridgeActor::stateful_pointer<Nothing> self,
                                      std::shared_ptr<Wire> wire, PeerId name) {
  return {[](const FrameArrived&) {},
          [self, wire, name](const SendEnvelope& out) {
            wire->carry(self, wire->coordinator, name, out.envelope);
          },
          [self](const CloseBridge&) { self->quit(); }};
}

BridgeActor::behavior_type coordinator_wire(BridgeActor::stateful_pointer<Nothing> self,
                                            std::shared_ptr<Wire> wire) {
  return {[](const FrameArrived&) {},
          [self, wire](const SendEnvelope& out) {
            if (const auto agent = wire->agents.find(out.peer); agent != wire->agents.end())
              wire->carry(self, agent->second, {}, out.envelope);
          },
          [self](const CloseBridge&) { self->quit(); }};
}

PacerActor::behavior_type virtual_pacer(PacerActor::stateful_pointer<Nothing> self) {
  return {[self](const WakeAt& order) {
            const auto delay =
                std::max(nanoseconds{0}, order.instant - Instant(self->clock().now()));
            self->delayed_send(order.user, delay, Wake{order.instant, order.item});
          },
          [](const StopPacing&) {}};
}

struct SimulatedTargetState {
  std::map<std::uint64_t, Submit> open;
  nanoseconds service_time{100ms};
};

/// First token after a quarter of the service time, four tokens in all.
TargetActor::behavior_type simulated_target(
    TargetActor::stateful_pointer<SimulatedTargetState> self, AgentActor agent,
    RecorderActor recorder, nanoseconds service_time) {
  self->state.service_time = service_time;
  const auto end = [self](const Submit& order, RequestOutcome outcome) {
    RequestTimeline timeline;
    timeline.request = order.request.id;
    timeline.phase = order.request.phase;
    timeline.scheduled = order.request.scheduled;
    timeline.dispatched = order.request.dispatched;
    timeline.admitted = order.request.dispatched;
    timeline.ended = self->clock().now();
    if (std::holds_alternative<Completed>(outcome)) {
      for (int token = 1; token <= 4; ++token)
        timeline.content.push_back(order.request.dispatched + self->state.service_time * token / 4);
      timeline.output_tokens = 4;
    }
    timeline.outcome = std::move(outcome);
    self->send(order.user, RequestEnded{std::move(timeline)});
  };
  return {[self, agent](const PrepareTarget&) {
            self->send(agent, TargetReady{"simulated target", "0", true, "none", 1, 1ms});
          },
          [self, end, recorder](const Submit& order) {
            self->state.open.emplace(order.request.id, order);
            // StepTarget carries nothing, so the oldest open request is the one that is done.
            self->delayed_send(TargetActor{self}, self->state.service_time, StepTarget{});
          },
          [self, end, recorder](const StepTarget&) {
            const auto oldest = std::min_element(
                self->state.open.begin(), self->state.open.end(), [](const auto& a, const auto& b) {
                  return a.second.request.dispatched < b.second.request.dispatched;
                });
            if (oldest == self->state.open.end()) return;
            self->send(recorder, TargetProgress{4, {}});
            end(oldest->second, Completed{});
            self->state.open.erase(oldest);
          },
          [self, end](const AbandonOpen& order) {
            for (const auto& [id, submit] : self->state.open) end(submit, order.outcome);
            self->state.open.clear();
          }};
}

constexpr const char* closed_users = R"(
name = "simulated"
seed = 3
[target]
model = "synthetic:llama-15m/q8_0"
[users]
count = 6
ramp = "1s"
think_time = "400ms"
[phases]
warm_up = "2s"
measure = "10s"
drain = "3s"
)";

constexpr const char* open_arrivals = R"(
name = "simulated"
seed = 3
[target]
model = "synthetic:llama-15m/q8_0"
[arrivals]
process = "poisson"
rate = 20
[phases]
measure = "10s"
drain = "3s"
)";

struct Fixture : tests::VirtualTime {
  std::shared_ptr<Wire> wire = std::make_shared<Wire>();
  std::vector<AgentActor> agents;
  RunActor run;
  std::optional<coordinator::RunRecord> record;
  std::map<std::string, int> left;  // agent -> exit code

  void start(const std::string& text, std::size_t count, nanoseconds service_time = 100ms) {
    coordinator::RunRecord fresh;
    fresh.id = "run-1";
    fresh.tool_version = "0.1.0";
    fresh.scenario_text = text;
    fresh.scenario_file = "simulated.toml";
    fresh.scenario = scenarios::parse_scenario(text, "simulated.toml");
    coordinator::RunActorParts parts;
    parts.make_bridge = [this](RunActor) { return system.spawn(coordinator_wire, wire); };
    parts.on_progress = [](const coordinator::RunPhases&, Instant) {};
    parts.on_finished = [this](coordinator::RunRecord done, bool) { record = std::move(done); };
    run = system.spawn(coordinator::run_actor, std::move(fresh), count, parts);
    wire->coordinator = run;
    for (std::size_t i = 0; i < count; ++i) start_agent("agent-" + std::to_string(i), service_time);
  }

  void start_agent(const std::string& name, nanoseconds service_time) {
    agents::AgentParts parts;
    parts.make_bridge = [this, name](AgentActor) { return system.spawn(agent_wire, wire, name); };
    parts.make_pacer = [this](AgentActor) { return system.spawn(virtual_pacer); };
    parts.make_recorder = [this](AgentActor agent) {
      return system.spawn(agents::recorder_actor, agent);
    };
    parts.make_target = [this, service_time](AgentActor agent, RecorderActor recorder) {
      return system.spawn(simulated_target, agent, recorder, service_time);
    };
    parts.on_left = [this, name](int code, const std::string&) { left[name] = code; };
    agents.push_back(system.spawn(agents::agent_actor, Hello{name, "0.1.0", "host", agents.size()},
                                  std::uint64_t{agents.size() + 1}, parts));
    wire->agents[name] = agents.back();
  }

  ~Fixture() {
    for (const auto& agent : agents) caf::anon_send(agent, Interrupt{});
    caf::anon_send(run, EndActors{});
    drain();
  }

  Ledger total(Phase phase) const { return record->timeline.total(phase).ledger; }
  Ledger whole() const {
    Ledger sum = total(Phase::warm_up);
    sum += total(Phase::measure);
    return sum;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(run_on_virtual_time, Fixture)

BOOST_AUTO_TEST_CASE(a_run_goes_through_all_its_phases_and_every_request_is_accounted_for) {
  start(closed_users, 1);
  advance(25s);
  BOOST_REQUIRE(record.has_value());
  BOOST_TEST(!record->broken.has_value());
  for (const Phase phase : {Phase::warm_up, Phase::measure}) {
    BOOST_TEST(imbalances(total(phase)).empty());
    BOOST_TEST(total(phase).ok > 0u);
  }
  // Six users, each 100 ms served and 400 ms thinking: twelve requests a second, to within one
  // each.
  BOOST_TEST(total(Phase::measure).ok >= 114u);
  BOOST_TEST(total(Phase::measure).ok <= 126u);
  BOOST_TEST(left.at("agent-0") == 0);
}

BOOST_AUTO_TEST_CASE(measured_latency_is_the_service_time) {
  start(closed_users, 1);
  advance(25s);
  BOOST_REQUIRE(record.has_value());
  const auto& e2e = record->timeline.total(Phase::measure)
                        .durations[static_cast<std::size_t>(scenarios::Metric::e2e)];
  BOOST_TEST(std::abs(static_cast<double>((e2e.mean() - 100ms).count())) < 1e6);
}

BOOST_AUTO_TEST_CASE(any_number_of_agents_makes_the_whole_plan) {
  start(open_arrivals, 1);
  advance(25s);
  BOOST_REQUIRE(record.has_value());
  const auto alone = whole();
  Fixture other;
  other.start(open_arrivals, 5);
  other.advance(25s);
  BOOST_REQUIRE(other.record.has_value());
  BOOST_TEST(other.whole().scheduled == alone.scheduled);
  BOOST_TEST(other.whole().ok == alone.ok);
}

BOOST_AUTO_TEST_CASE(a_wire_that_loses_and_repeats_changes_no_count) {
  start(open_arrivals, 2);
  advance(25s);
  BOOST_REQUIRE(record.has_value());
  const auto clean = whole();
  Fixture bad;
  bad.wire->lose_every = 5;
  bad.wire->repeat_every = 3;
  bad.start(open_arrivals, 2);
  bad.advance(60s);
  BOOST_REQUIRE(bad.record.has_value());
  BOOST_TEST(!bad.record->broken.has_value());
  BOOST_TEST((bad.whole() == clean));
}

BOOST_AUTO_TEST_CASE(requests_still_open_when_the_drain_ends_are_counted_as_such) {
  start(open_arrivals, 1, 20s);
  advance(40s);
  BOOST_REQUIRE(record.has_value());
  BOOST_TEST(whole().open_at_end == whole().issued);
  BOOST_TEST(whole().issued > 0u);
  BOOST_TEST(imbalances(whole()).empty());
}

BOOST_AUTO_TEST_CASE(a_silent_agent_ends_the_run_and_what_it_did_report_stays_known) {
  start(closed_users, 2);
  advance(8s);
  wire->agents.erase("agent-1");  // hears nothing any more
  wire->lose_every = 0;
  const auto silenced = agents[1];
  caf::anon_send_exit(silenced, caf::exit_reason::kill);
  advance(30s);
  BOOST_REQUIRE(record.has_value());
  BOOST_TEST(record->broken.has_value());
  BOOST_TEST(record->agents.at(1).lost.has_value());
  BOOST_TEST(record->timeline.of_agent(1, Phase::measure).ledger.issued > 0u);
  BOOST_TEST(imbalances(record->timeline.of_agent(0, Phase::measure).ledger).empty());
}

BOOST_AUTO_TEST_CASE(an_agent_without_its_coordinator_stops_its_load_and_leaves) {
  start(closed_users, 1);
  advance(6s);
  wire->coordinator = BridgeListener{};
  wire->lose_every = 1;  // the line is cut
  advance(10s);
  BOOST_REQUIRE(left.count("agent-0") == 1u);
  BOOST_TEST(left.at("agent-0") == 1);
}

BOOST_AUTO_TEST_CASE(an_interrupt_drains_and_seals) {
  start(closed_users, 2);
  advance(8s);
  caf::anon_send(run, Interrupt{});
  advance(5s);
  BOOST_REQUIRE(record.has_value());
  BOOST_TEST(record->interrupted);
  BOOST_TEST(imbalances(whole()).empty());
  BOOST_TEST(left.size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
