#include "agents/load/request_source.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace squall;
using namespace squall::agents;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<LoadContext> context_of(scenarios::Scenario scenario) {
  auto context = std::make_shared<LoadContext>();
  context->scenario = std::make_shared<const scenarios::Scenario>(scenario);
  context->plan =
      std::make_shared<const scenarios::LoadPlan>(scenarios::make_load_plan(scenario, {0, 1}));
  context->start = Instant{1h};
  return context;
}

scenarios::Scenario closed() {
  scenarios::Scenario scenario;
  scenario.load =
      scenarios::ClosedUsers{.count = 2, .think_time = scenarios::Distribution::constant(0.5)};
  scenario.phases = {1s, 4s, 1s};
  scenario.target.timeout = 7s;
  return scenario;
}

scenarios::Scenario open() {
  scenarios::Scenario scenario = closed();
  scenario.load = scenarios::OpenArrivals{scenarios::OpenArrivals::Process::constant, 10};
  return scenario;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_request_belongs_to_the_phase_of_its_intended_start) {
  const auto context = context_of(closed());
  RequestSource user(context, context->plan->users[0]);
  BOOST_TEST((user.next_request(context->start + 999ms, 0).phase == actors::Phase::warm_up));
  BOOST_TEST((user.next_request(context->start + 1s, 0).phase == actors::Phase::measure));
}

BOOST_AUTO_TEST_CASE(a_user_thinks_after_each_answer_and_stops_with_the_load) {
  const auto context = context_of(closed());
  RequestSource user(context, context->plan->users[0]);
  user.next_request(context->start, 0);
  const auto wake = user.next_wake(context->start + 2s);
  BOOST_REQUIRE(wake.has_value());
  BOOST_TEST((*wake == context->start + 2500ms));
  BOOST_TEST(!user.next_wake(context->start + 4500ms).has_value());  // would be the end exactly
}

BOOST_AUTO_TEST_CASE(timeouts_count_from_the_intended_start) {
  const auto context = context_of(closed());
  RequestSource user(context, context->plan->users[0]);
  BOOST_TEST((user.next_request(context->start + 1s, 0).deadline == context->start + 8s));
}

BOOST_AUTO_TEST_CASE(open_arrivals_never_ask_again_by_themselves) {
  const auto context = context_of(open());
  RequestSource arrivals(context);
  arrivals.next_request(context->start, 0);
  BOOST_TEST(!arrivals.next_wake(context->start + 1s).has_value());
}

BOOST_AUTO_TEST_CASE(request_ids_are_unique_within_an_agent) {
  const auto context = context_of(closed());
  std::set<std::uint64_t> ids;
  for (const auto& planned : context->plan->users) {
    RequestSource user(context, planned);
    for (int i = 0; i < 100; ++i)
      BOOST_TEST(ids.insert(user.next_request(context->start, 0).id).second);
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_asks_the_same_things) {
  const auto context = context_of(closed());
  RequestSource one(context, context->plan->users[1]);
  RequestSource two(context, context->plan->users[1]);
  for (int i = 0; i < 20; ++i) {
    const auto a = one.next_request(context->start, 0).plan;
    const auto b = two.next_request(context->start, 0).plan;
    BOOST_TEST(a.prompt_seed == b.prompt_seed);
    BOOST_TEST(a.answer_tokens == b.answer_tokens);
    BOOST_TEST(a.sampling_seed == b.sampling_seed);
  }
}
