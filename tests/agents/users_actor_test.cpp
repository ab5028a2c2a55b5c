// The actor around the user pool: what it tells pacer, target, recorder and agent when its lease
// ends, comes back, and when it takes over work. On virtual time; the others only write down.

#include "agents/load/users_actor.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "scenarios/schema/scenario_parser.hpp"
#include "tests/fixtures/virtual_time.hpp"

using namespace squall;
using namespace squall::actors;
using namespace std::chrono_literals;
using Fate = CountedStart::Fate;

namespace {

/// What the users said.
struct Heard {
  std::vector<BeginPacing> streams;
  std::vector<WakeAt> wakes;
  std::vector<LoadRequest> submitted;
  std::vector<CountedStart> counted;
  std::vector<std::string> happened;
  std::size_t prepared = 0, failed = 0, checked = 0, stopped = 0;

  std::size_t count(Fate fate) const {
    std::size_t found = 0;
    for (const CountedStart& start : counted) found += start.fate == fate ? 1 : 0;
    return found;
  }
};

/// Stands in for all four of them.
caf::behavior listener(caf::event_based_actor* self, std::shared_ptr<Heard> heard) {
  return {[heard](const BeginPacing& order) { heard->streams.push_back(order); },
          [heard](const WakeAt& order) { heard->wakes.push_back(order); },
          [heard](const Submit& order) { heard->submitted.push_back(order.request); },
          [heard](const StartsCounted& counted) {
            heard->counted.insert(heard->counted.end(), counted.starts.begin(),
                                  counted.starts.end());
          },
          [heard](const LoadPrepared&) { ++heard->prepared; },
          [heard](const TargetFailed&) { ++heard->failed; },
          [heard](const AnswersChecked&) { ++heard->checked; },
          [](const RequestEnded&) {},
          [heard](const TargetHappened& happened) { heard->happened.push_back(happened.what); },
          [](const UsersStopped&) {},
          [self, heard](const StopPacing&) {
            ++heard->stopped;
            self->send(caf::actor_cast<UsersActor>(self->current_sender()), PacingStopped{});
          }};
}

struct Fixture : tests::VirtualTime {
  std::shared_ptr<Heard> heard = std::make_shared<Heard>();
  std::shared_ptr<const scenarios::Scenario> scenario;
  caf::actor other = system.spawn(listener, heard);
  UsersActor users;
  Instant start;

  void begin(const std::string& load, scenarios::AgentShare share = {}) {
    scenario = std::make_shared<const scenarios::Scenario>(scenarios::parse_scenario(
        "name = 'x'\n[target]\nkind = 'simulated'\n" + load, "test.toml"));
    users = system.spawn(agents::users_actor,
                         agents::UsersSurroundings{caf::actor_cast<PacerActor>(other),
                                                   caf::actor_cast<TargetActor>(other),
                                                   caf::actor_cast<RecorderActor>(other),
                                                   caf::actor_cast<AgentActor>(other)});
    start = now();
    say(PrepareLoad{scenario, ".", share});
    if (heard->prepared > 0) say(BeginLoad{scenario, plan(share), start});
  }
  std::shared_ptr<const scenarios::LoadPlan> plan(scenarios::AgentShare share,
                                                  scenarios::LateEntry entry = {}) const {
    return std::make_shared<const scenarios::LoadPlan>(
        scenarios::make_load_plan(*scenario, share, nullptr, entry));
  }
  template <class Message>
  void say(Message message) {
    caf::anon_send(users, std::move(message));
    drain();
  }
  void arrive(std::uint64_t arrival) { say(WakesDue{{{arrival, now()}}}); }
  Instant now() { return scheduler.clock().current_time; }

  ~Fixture() {
    caf::anon_send_exit(users, caf::exit_reason::kill);
    caf::anon_send_exit(other, caf::exit_reason::kill);
    drain();
  }
};

const std::string arrivals = "[arrivals]\nprocess = 'constant'\nrate = 10\n";
const std::string people = "[users]\ncount = 4\n";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(users_actor, Fixture)

BOOST_AUTO_TEST_CASE(a_paused_agent_submits_nothing_and_counts_what_comes_due) {
  begin(arrivals);
  arrive(0);
  say(PauseUsers{now()});
  arrive(1);
  BOOST_TEST(heard->submitted.size() == 1u);
  BOOST_TEST(heard->count(Fate::cancelled_before_send) == 1u);
  say(ResumeUsers{now()});
  arrive(2);
  BOOST_TEST(heard->submitted.size() == 2u);
  BOOST_TEST(heard->count(Fate::issued) == 2u);
}

BOOST_AUTO_TEST_CASE(a_lease_that_is_over_pauses_without_a_word) {
  begin(arrivals);
  say(ResumeUsers{now(), now() + 3s});
  advance(2999ms);
  arrive(29);
  BOOST_TEST(heard->submitted.size() == 1u);
  advance(1ms);
  arrive(30);
  BOOST_TEST(heard->submitted.size() == 1u);
  BOOST_TEST(heard->count(Fate::cancelled_before_send) == 1u);
}

BOOST_AUTO_TEST_CASE(users_who_waited_for_the_lease_are_woken_by_the_pacer) {
  begin(people);
  BOOST_REQUIRE(heard->streams.size() == 1u);
  const auto first = heard->streams[0].first_wakes->next().value();
  say(PauseUsers{now()});
  arrive(first.arrival);
  BOOST_TEST(heard->submitted.empty());
  BOOST_TEST(heard->wakes.empty());
  advance(5s);
  say(ResumeUsers{now()});
  BOOST_REQUIRE(heard->wakes.size() == 1u);
  BOOST_TEST((heard->wakes[0].instant == now()));
  arrive(heard->wakes[0].item);
  BOOST_REQUIRE(heard->submitted.size() == 1u);
  BOOST_TEST((heard->submitted[0].scheduled == now()));
}

BOOST_AUTO_TEST_CASE(a_share_brings_the_pacer_one_more_stream_that_counts_from_the_common_start) {
  for (const std::string& load : {arrivals, people}) {
    *heard = {};
    Fixture other_run;
    other_run.begin(load, {0, 2});
    other_run.advance(2s);
    const auto& said = *other_run.heard;
    BOOST_TEST(said.streams.size() == 1u);
    other_run.say(AddShare{other_run.plan({1, 2}, {4s, 0s})});
    BOOST_REQUIRE(said.streams.size() == 2u);
    BOOST_TEST((said.streams[1].start == other_run.start));
    const bool open_model = load == arrivals;
    // The first arrival was needed to know whether any was missed.
    BOOST_TEST(said.wakes.size() == (open_model ? 1u : 0u));
    const auto next = said.streams[1].first_wakes->next().value();
    BOOST_TEST((next.at == (open_model ? 4300ms : 4000ms)));
    if (open_model) BOOST_TEST((said.wakes[0].instant == other_run.start + 4100ms));
    other_run.arrive(open_model ? said.wakes[0].item : next.arrival);
    BOOST_TEST(said.submitted.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(before_the_load_began_there_is_nothing_to_pause_or_to_add_to) {
  begin(arrivals + "max_in_flight = 2\n", {3, 4});  // this one could start nothing
  BOOST_TEST(heard->failed == 1u);
  say(PauseUsers{now()});
  say(ResumeUsers{now()});
  say(AddShare{plan({1, 4}, {4s, 0s})});
  BOOST_TEST(heard->streams.empty());
  BOOST_TEST(heard->counted.empty());
}

BOOST_AUTO_TEST_CASE(answers_are_not_checked_without_a_lease) {
  begin(arrivals + "[prompts]\ntokens = 4\n[accuracy]\nsample = 1\n");
  arrive(0);
  RequestTimeline timeline;
  timeline.request = heard->submitted.at(0).id;
  timeline.answer = "yes";
  timeline.outcome = Completed{};
  timeline.phase = Phase::measure;
  say(RequestEnded{timeline});
  say(StopUsers{now()});
  BOOST_TEST(heard->stopped == 1u);
  say(PauseUsers{now()});
  say(CheckAnswers{now() + 60s});
  BOOST_TEST(heard->checked == 1u);
  BOOST_TEST(heard->submitted.size() == 1u);
  BOOST_REQUIRE(heard->happened.size() == 1u);
  BOOST_TEST(heard->happened[0].find("the coordinator fell silent") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(answers_are_checked_with_one) {
  begin(arrivals + "[prompts]\ntokens = 4\n[accuracy]\nsample = 1\n");
  arrive(0);
  RequestTimeline timeline;
  timeline.request = heard->submitted.at(0).id;
  timeline.answer = "yes";
  timeline.outcome = Completed{};
  timeline.phase = Phase::measure;
  say(RequestEnded{timeline});
  say(StopUsers{now()});
  say(CheckAnswers{now() + 60s});
  BOOST_TEST(heard->checked == 0u);
  BOOST_TEST(heard->submitted.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_check_that_is_broken_off_is_not_called_too_short) {
  begin(arrivals + "[prompts]\ntokens = 4\n[accuracy]\nsample = 1\n");
  for (std::uint64_t arrival = 0; arrival < 2; ++arrival) {
    arrive(arrival);
    RequestTimeline timeline;
    timeline.request = heard->submitted.at(arrival).id;
    timeline.answer = "yes";
    timeline.outcome = Completed{};
    timeline.phase = Phase::measure;
    say(RequestEnded{timeline});
  }
  say(StopUsers{now()});
  say(CheckAnswers{now() + 60s});
  BOOST_REQUIRE(heard->submitted.size() == 3u);
  say(CheckAnswers{now()});
  RequestTimeline cut;
  cut.request = heard->submitted[2].id;
  cut.outcome = Cancelled{};
  say(RequestEnded{cut});
  BOOST_TEST(heard->checked == 1u);
  BOOST_REQUIRE(heard->happened.size() == 1u);
  BOOST_TEST(heard->happened[0].find("broken off before 2 sampled") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
