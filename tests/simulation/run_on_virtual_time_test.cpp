// Coordinator and agents, the production actors and state machines, in one process on virtual time.
// Simulated here: the clock, the wire between them (which can lose and repeat), the pacer's thread
// and the thread of the simulated target, whose service is the production one.

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <memory>
#include <optional>

#include "actors/wire/message_codec.hpp"
#include "agents/agent_actor.hpp"
#include "agents/load/recorder_actor.hpp"
#include "agents/targets/simulated_service.hpp"
#include "coordinator/run/run_actor.hpp"
#include "coordinator/run/verdict.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "tests/fixtures/virtual_time.hpp"
#include "tests/simulation/simulated_disk.hpp"

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
          [](const ConnectAnew&) {},  // nothing can be wrong with this connection
          [self](const CloseBridge&) { self->quit(); }};
}

BridgeActor::behavior_type coordinator_wire(BridgeActor::stateful_pointer<Nothing> self,
                                            std::shared_ptr<Wire> wire) {
  return {[](const FrameArrived&) {},
          [self, wire](const SendEnvelope& out) {
            if (const auto agent = wire->agents.find(out.peer); agent != wire->agents.end())
              wire->carry(self, agent->second, {}, out.envelope);
          },
          [](const ConnectAnew&) {}, [self](const CloseBridge&) { self->quit(); }};
}

struct VirtualPacerState {
  VirtualPacerState() = default;  // no aggregate: CAF would make its first member of the actor
  UsersActor users;
  bool stopped = false;
};

/// Sends itself what is not due yet, so that stopping forgets it.
PacerActor::behavior_type virtual_pacer(PacerActor::stateful_pointer<VirtualPacerState> self) {
  return {[self](const BeginPacing& order) {
            self->state.users = order.users;
            if (!order.first_wakes) return;
            while (const auto first = order.first_wakes->next())
              self->send(PacerActor{self}, WakeAt{order.start + first->at, first->arrival});
          },
          [self](const WakeAt& order) {
            if (self->state.stopped) return;
            const Instant now = self->clock().now();
            if (order.instant <= now)
              self->send(self->state.users, WakesDue{{{order.item, order.instant}}});
            else
              self->delayed_send(PacerActor{self}, order.instant - now, order);
          },
          [self](const StopPacing&) {
            self->state.stopped = true;
            self->send(self->state.users, PacingStopped{});
          }};
}

struct VirtualTargetState {
  struct Open {
    RequestTimeline planned;
    UsersActor users;
  };
  std::map<std::uint64_t, Open> open;
  std::unique_ptr<agents::SimulatedService> service;
  VirtualTargetState() = default;  // as above
};

/// Plays what the production service plans: no thread waits here, the virtual clock does.
TargetActor::behavior_type virtual_target(TargetActor::stateful_pointer<VirtualTargetState> self,
                                          AgentActor agent, RecorderActor recorder) {
  return {[self, agent](const PrepareTarget& order) {
            self->state.service =
                std::make_unique<agents::SimulatedService>(order.scenario->target, order.share);
            TargetReady ready;
            ready.kind = "simulated";
            ready.simulated = true;
            self->send(agent, ready);
          },
          [self](const BeginTarget& order) { self->state.service->begin(order.start); },
          [self, recorder](Submit& order) {
            auto& state = self->state;
            const Instant now = self->clock().now();
            if (order.request.dispatched != Instant{}) {  // it comes back: its answer is due
              auto done = state.open.extract(order.request.id);
              if (done.empty()) return;  // abandoned meanwhile
              self->send(recorder, TargetProgress{done.mapped().planned.content.size(), {}});
              self->send(done.mapped().users, RequestEnded{std::move(done.mapped().planned)});
              return;
            }
            auto planned = state.service->plan(order.request, now);
            order.request.dispatched = now;
            const nanoseconds wait = planned.ended - now;
            state.open.emplace(order.request.id,
                               VirtualTargetState::Open{std::move(planned), order.users});
            self->delayed_send(TargetActor{self}, wait, std::move(order));
          },
          [self](const AbandonOpen& order) {
            for (auto& [id, open] : self->state.open) {
              const Instant now = self->clock().now();
              std::erase_if(open.planned.content, [now](Instant at) { return at > now; });
              open.planned.ended = now;
              open.planned.outcome = order.outcome;
              self->send(open.users, RequestEnded{std::move(open.planned)});
            }
            self->state.open.clear();
            self->state.service->free_servers();
          }};
}

/// An answer of four tokens takes 100 ms.
constexpr const char* service_of_100_ms = R"(
name = "simulated"
seed = 3
answers = { tokens = 4 }
[target]
kind = "simulated"
first_token = "25ms"
token_gap = "25ms"
)";

const std::string closed_users = std::string(service_of_100_ms) + R"(
[users]
count = 6
ramp = "1s"
think_time = "400ms"
[phases]
warm_up = "2s"
measure = "10s"
drain = "3s"
)";

const std::string open_arrivals = std::string(service_of_100_ms) + R"(
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
  std::vector<caf::strong_actor_ptr> parts_of_agents;
  tests::SimulatedDisk disk;

  void start(const std::string& text, std::size_t count) {
    coordinator::RunRecord fresh;
    fresh.id = "run-1";
    fresh.tool_version = "0.1.0";
    fresh.scenario_text = text;
    fresh.scenario_file = "simulated.toml";
    fresh.scenario = scenarios::parse_scenario(text, "simulated.toml");
    coordinator::RunActorParts parts;
    parts.make_phases = [fresh, count](Instant now) {
      coordinator::Gathering gathering;
      gathering.agents = count;
      return coordinator::RunPhases(fresh, gathering, {}, now);
    };
    parts.make_journal = [this] { return disk.open("run"); };
    parts.make_bridge = [this](RunActor) { return system.spawn(coordinator_wire, wire); };
    parts.on_progress = [](const coordinator::RunPhases&, Instant) {};
    parts.on_finished = [this](coordinator::RunRecord done, bool) { record = std::move(done); };
    run = system.spawn(coordinator::run_actor, parts);
    wire->coordinator = run;
    for (std::size_t i = 0; i < count; ++i) start_agent("agent-" + std::to_string(i));
  }

  void start_agent(const std::string& name) {
    agents::AgentParts parts;
    parts.make_bridge = [this, name](AgentActor) { return system.spawn(agent_wire, wire, name); };
    parts.make_pacer = [this](AgentActor) {
      return ended_with_the_test(system.spawn(virtual_pacer));
    };
    parts.make_recorder = [this](AgentActor agent) {
      return system.spawn(agents::recorder_actor, agent);
    };
    parts.make_target = [this](AgentActor agent, RecorderActor recorder) {
      return ended_with_the_test(system.spawn(virtual_target, agent, recorder));
    };
    parts.make_journal = [this, name](const PartOpened&) { return disk.open(name); };
    parts.on_left = [this, name](int code, const std::string&) { left[name] = code; };
    agents.push_back(system.spawn(agents::agent_actor, Hello{name, "0.1.0", "host", agents.size()},
                                  std::uint64_t{agents.size() + 1}, parts));
    wire->agents[name] = agents.back();
  }

  /// An agent that was killed ended none of its parts, and these and its users hold each other.
  template <class Handle>
  Handle ended_with_the_test(Handle part) {
    parts_of_agents.push_back(caf::actor_cast<caf::strong_actor_ptr>(part));
    return part;
  }

  ~Fixture() {
    for (int times = 0; times < 2; ++times)  // the second time they leave at once
      for (const auto& agent : agents) caf::anon_send(agent, Interrupt{});
    caf::anon_send(run, EndActors{});
    drain();
    for (const auto& part : parts_of_agents)
      caf::anon_send_exit(caf::actor_cast<caf::actor>(part), caf::exit_reason::kill);
    parts_of_agents.clear();
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
  bad.wire->lose_every = 7;  // no lease is lost with so few
  bad.wire->repeat_every = 3;
  bad.start(open_arrivals, 2);
  bad.advance(60s);
  BOOST_REQUIRE(bad.record.has_value());
  BOOST_TEST(!bad.record->broken.has_value());
  BOOST_TEST((bad.whole() == clean));
}

BOOST_AUTO_TEST_CASE(requests_still_open_when_the_drain_ends_are_counted_as_such) {
  std::string slow = open_arrivals;
  slow.replace(slow.find("25ms"), 4, "20s");
  start(slow, 1);
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

BOOST_AUTO_TEST_CASE(
    an_agent_without_its_coordinator_starts_nothing_and_leaves_when_its_patience_ends) {
  start(closed_users, 1);
  advance(6s);
  wire->coordinator = BridgeListener{};
  wire->lose_every = 1;  // the line is cut
  advance(60s);
  BOOST_TEST(left.count("agent-0") == 0u);  // it still hopes
  advance(10min);
  BOOST_REQUIRE(left.count("agent-0") == 1u);
  BOOST_TEST(left.at("agent-0") == 1);
  // What it measured is in its journal, the seal too, and it asked nothing after its lease.
  std::uint64_t issued = 0;
  bool sealed = false;
  for (const auto& entry_bytes : disk.records("agent-0")) {
    const auto entry = decode_agent_entry(entry_bytes).value();
    sealed |= std::holds_alternative<PartSealed>(entry);
    if (const auto* taken = std::get_if<BatchTaken>(&entry))
      for (const auto& phase : taken->batch.snapshot.phases) issued += phase.ledger.issued;
  }
  BOOST_TEST(sealed);
  BOOST_TEST(issued > 0u);
  BOOST_TEST(issued < 90u);  // of 144 in the whole plan
}

BOOST_AUTO_TEST_CASE(a_freeze_shows_in_the_open_model_and_one_agent_in_five_being_slow_does_too) {
  std::string troubled = open_arrivals;
  troubled.replace(troubled.find("token_gap"), 0,
                   "freezes = [{ at = \"4s\", length = \"3s\" }]\n"
                   "slow_agent = 1\nslow_factor = 5\n");
  start(troubled, 5);
  advance(30s);
  BOOST_REQUIRE(record.has_value());
  BOOST_TEST(!record->broken.has_value());
  const auto ttft = static_cast<std::size_t>(scenarios::Metric::ttft);
  const auto& whole_run = record->timeline.total(Phase::measure).durations[ttft];
  BOOST_TEST((whole_run.maximum() > 2s));
  BOOST_TEST((whole_run.maximum() <= 3125ms));
  BOOST_TEST((record->timeline.of_agent(1, Phase::measure).durations[ttft].minimum() >= 125ms));
  BOOST_TEST((record->timeline.of_agent(0, Phase::measure).durations[ttft].minimum() < 50ms));
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
