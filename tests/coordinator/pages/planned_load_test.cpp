#include "coordinator/run/timeline/planned_load.hpp"

#include <boost/test/unit_test.hpp>

using namespace squall;
using namespace squall::coordinator;
using namespace std::chrono_literals;
using scenarios::LoadShape;

namespace {

scenarios::Scenario scenario_of(scenarios::Load load) {
  scenarios::Scenario scenario;
  scenario.load = std::move(load);
  scenario.phases = {5s, 15s, 10s};
  return scenario;
}

}  // namespace

BOOST_AUTO_TEST_CASE(users_are_their_mean_over_the_stretch) {
  scenarios::ClosedUsers users;
  users.count = LoadShape({{10s, 0, 10, 0, 0s}, {0s, 10, 10, 0, 0s}});
  const auto scenario = scenario_of(users);
  BOOST_TEST(*planned_load(scenario, 4s, 5s).users == 4.5, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(*planned_load(scenario, 12s, 13s).users == 10.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(*planned_load(scenario, 0s, 10s).users == 5.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(!planned_load(scenario, 4s, 5s).arrivals);
}

BOOST_AUTO_TEST_CASE(arrivals_are_those_expected_in_the_stretch) {
  scenarios::OpenArrivals arrivals;
  arrivals.rate = LoadShape::constant(20);
  const auto scenario = scenario_of(arrivals);
  BOOST_TEST(*planned_load(scenario, 3s, 4s).arrivals == 20.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(*planned_load(scenario, 3s, 5s).arrivals == 40.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(!planned_load(scenario, 3s, 4s).users);
}

BOOST_AUTO_TEST_CASE(nothing_is_planned_once_the_load_has_ended) {
  scenarios::OpenArrivals arrivals;
  arrivals.rate = LoadShape::constant(20);
  const auto scenario = scenario_of(arrivals);  // 5 s and 15 s
  BOOST_TEST(*planned_load(scenario, 19500ms, 20500ms).arrivals == 10.0,
             boost::test_tools::tolerance(1e-9));
  BOOST_TEST(*planned_load(scenario, 20s, 21s).arrivals == 0.0);
  BOOST_TEST(*planned_load(scenario, -2s, -1s).arrivals == 0.0);
}

BOOST_AUTO_TEST_CASE(of_a_trace_and_of_no_time_nothing_is_known) {
  BOOST_TEST(!planned_load(scenario_of(scenarios::TraceReplay{}), 0s, 1s).arrivals);
  BOOST_TEST(!planned_load(scenario_of(scenarios::ClosedUsers{}), 1s, 1s).users);
}
