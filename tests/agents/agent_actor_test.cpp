// The actor around the agent's state machine: whatever goes wrong in it or in its parts, it leaves
// and says so, once. On virtual time; its parts only listen.

#include "agents/agent_actor.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <stdexcept>

#include "tests/fixtures/virtual_time.hpp"

using namespace squall;
using namespace squall::actors;
using namespace std::chrono_literals;

namespace {

struct Break {};  // whoever hears it has a bug

}  // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(Break)

namespace {

/// Stands in for every part.
caf::behavior listener(caf::event_based_actor*) {
  return {[](const SendEnvelope&) {}, [](const CloseBridge&) {}, [](const ConnectAnew&) {},
          [](const PrepareTarget&) {},
          [](Break) -> void { throw std::runtime_error("this part is broken"); }};
}

/// Answers everything with an error.
caf::behavior stranger(caf::event_based_actor* self) {
  self->set_default_handler(caf::drop);
  return {[](Break) {}};
}

struct Fixture : tests::VirtualTime {
  struct Left {
    int exit_code;
    std::string why;
  };
  std::vector<Left> left;
  std::vector<bool> journals_closed;  // and kept
  caf::actor bridge = system.spawn(listener), pacer = system.spawn(listener),
             recorder = system.spawn(listener), target = system.spawn(listener);
  AgentActor agent;

  agents::AgentParts parts() {
    agents::AgentParts parts;
    parts.make_bridge = [this](AgentActor) { return caf::actor_cast<BridgeActor>(bridge); };
    parts.make_pacer = [this](AgentActor) { return caf::actor_cast<PacerActor>(pacer); };
    parts.make_recorder = [this](AgentActor) { return caf::actor_cast<RecorderActor>(recorder); };
    parts.make_target = [this](AgentActor, RecorderActor) {
      return caf::actor_cast<TargetActor>(target);
    };
    parts.on_journal_closed = [this](bool kept) { journals_closed.push_back(kept); };
    parts.on_left = [this](int exit_code, const std::string& why) {
      left.push_back({exit_code, why});
    };
    return parts;
  }
  void start(agents::AgentParts with) {
    agent = system.spawn(agents::agent_actor, Hello{"a", "0.1.0", "host", 7}, 42u, std::move(with));
    drain();
  }
  void start_a_run() {
    const std::string scenario = "name = 'x'\n[target]\nkind = 'simulated'\n[users]\ncount = 1\n";
    caf::anon_send(agent, EnvelopeArrived{{}, {"run-1", 42, Prepare{scenario, "x.toml", {0, 1}}}});
    drain();
  }
  ~Fixture() {
    for (const auto& actor : {bridge, pacer, recorder, target})
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    if (agent) caf::anon_send_exit(agent, caf::exit_reason::kill);
    drain();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(agent_actor, Fixture)

BOOST_AUTO_TEST_CASE(an_exception_that_nobody_foresaw_ends_the_agent_with_its_words) {
  auto with = parts();
  with.make_journal = [](const PartOpened&) -> std::unique_ptr<Journal> {
    throw std::length_error("too long by far");
  };
  start(std::move(with));
  BOOST_TEST(left.empty());
  start_a_run();
  BOOST_TEST_REQUIRE(left.size() == 1u);
  BOOST_TEST(left[0].exit_code == 1);
  BOOST_TEST(left[0].why == "internal error: too long by far");
  BOOST_TEST(journals_closed == std::vector<bool>{true});
  caf::anon_send(agent, Interrupt{});
  advance(60s);
  BOOST_TEST(left.size() == 1u);
}

BOOST_AUTO_TEST_CASE(and_so_does_one_while_it_begins) {
  auto with = parts();
  with.make_target = [](AgentActor, RecorderActor) -> TargetActor {
    throw std::runtime_error("no target at all");
  };
  start(std::move(with));
  BOOST_TEST_REQUIRE(left.size() == 1u);
  BOOST_TEST(left[0].why == "internal error: no target at all");
}

BOOST_AUTO_TEST_CASE(a_part_that_dies_of_a_bug_ends_the_agent) {
  for (const auto part :
       {&Fixture::bridge, &Fixture::pacer, &Fixture::recorder, &Fixture::target}) {
    Fixture one;
    one.start(one.parts());
    one.start_a_run();
    BOOST_TEST(one.left.empty());
    caf::anon_send(one.*part, Break{});
    one.drain();
    BOOST_TEST_REQUIRE(one.left.size() == 1u);
    BOOST_TEST(one.left[0].exit_code == 1);
    BOOST_TEST(one.left[0].why.starts_with("internal error: a part of this agent has ended"));
  }
}

BOOST_AUTO_TEST_CASE(a_part_that_understands_nothing_ends_the_agent) {
  auto with = parts();
  const caf::actor unfit = system.spawn(stranger);
  with.make_bridge = [&](AgentActor) { return caf::actor_cast<BridgeActor>(unfit); };
  start(std::move(with));
  BOOST_TEST_REQUIRE(left.size() == 1u);
  BOOST_TEST(left[0].why.starts_with("internal error: "));
  caf::anon_send_exit(unfit, caf::exit_reason::kill);
}

BOOST_AUTO_TEST_CASE(an_agent_that_nobody_answers_leaves_once_and_without_an_error_of_its_own) {
  start(parts());
  advance(60s);
  BOOST_TEST_REQUIRE(left.size() == 1u);
  BOOST_TEST(left[0].why.find("no coordinator answered") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
