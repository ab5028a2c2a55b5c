#include "coordinator/report/load_in_words.hpp"

#include <boost/test/unit_test.hpp>

using namespace squall::scenarios;
using namespace squall::coordinator;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(users_are_told_with_their_course_and_their_habits) {
  ClosedUsers users;
  BOOST_TEST(load_in_words(users) == "1 user");
  users.count = LoadShape::constant(8);
  BOOST_TEST(load_in_words(users) == "8 users");
  users.count = LoadShape({{10s, 8, 40, 0, 0s}, {0s, 40, 40, 0, 0s}});
  users.think_time = {Distribution::Shape::exponential, 2, 0, 0, 60, {}};
  users.conversations.turns = Distribution::constant(4);
  BOOST_TEST(load_in_words(users) ==
             "users: 8 to 40 in 10.0 s, then 40; think time 2.00 s (exponential); conversations of "
             "4 turns");
}

BOOST_AUTO_TEST_CASE(arrivals_are_told_with_their_process_and_their_cap) {
  OpenArrivals arrivals;
  arrivals.rate = LoadShape::constant(20);
  BOOST_TEST(load_in_words(arrivals) == "20.0 arrivals/s (poisson)");
  arrivals.process = OpenArrivals::Process::gamma;
  arrivals.burstiness = 2.5;
  arrivals.max_in_flight = 64;
  arrivals.when_full = WhenFull::drop;
  BOOST_TEST(load_in_words(arrivals) ==
             "20.0 arrivals/s (gamma, burstiness 2.50); at most 64 in flight, further ones are "
             "dropped");
  arrivals = {};
  arrivals.process = OpenArrivals::Process::constant;
  arrivals.rate = LoadShape({{60s, 10, 10, 5, 20s}, {0s, 10, 10, 0, 0s}});
  BOOST_TEST(load_in_words(arrivals) ==
             "arrivals/s: 10.0 +- 5.00 every 20.0 s for 60.0 s, then 10.0 (constant)");
  arrivals.rate = LoadShape({{1s, 1, 1, 0, 0s},
                             {1s, 9, 9, 0, 0s},
                             {1s, 1, 1, 0, 0s},
                             {1s, 4, 4, 0, 0s},
                             {0s, 2, 2, 0, 0s}});
  BOOST_TEST(load_in_words(arrivals) == "1.00 to 9.00 arrivals/s in 5 stages (constant)");
}

BOOST_AUTO_TEST_CASE(a_trace_is_told_with_its_file_and_its_speed) {
  TraceReplay trace;
  trace.file = "azure.csv";
  BOOST_TEST(load_in_words(trace) == "trace azure.csv");
  trace.time_scale = 10;
  trace.skip = 100;
  trace.limit = 5000;
  BOOST_TEST(load_in_words(trace) ==
             "trace azure.csv at 10x, from entry 101, 5,000 entries at most");
}
