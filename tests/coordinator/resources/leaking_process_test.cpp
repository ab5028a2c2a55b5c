// A real process that leaks is found, and one that does not is not accused. The ten minutes of 60
// MB/h run with `ctest -C long`; the shorter cases leak faster, for the kernel counts what is
// resident in lots of 64 pages.

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "coordinator/run/resources/leak_rate.hpp"
#include "tests/fixtures/process.hpp"

using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;
using boost::unit_test::disabled;
using boost::unit_test::label;

namespace {

struct Leaking {
  int rate = 0;  // MB/h
  int seconds = 0;
  int batch = 0;  // MB
};

/// The first tenth is warm-up.
LeakRate judge(Process& process, const Leaking& leaking, const LeakRules& rules) {
  BOOST_REQUIRE_EQUAL(process.wait(std::chrono::seconds(leaking.seconds + 60)), 0);
  std::istringstream lines(process.out());
  std::vector<MemoryPoint> points;
  for (MemoryPoint point; lines >> point.seconds >> point.bytes;)
    if (point.seconds > 0.1 * leaking.seconds) points.push_back(point);
  const LeakRate leak = estimate_leak(points, rules);
  BOOST_REQUIRE(leak.rate.has_value());
  BOOST_TEST_MESSAGE(leaking.rate << " MB/h planted, " << *leak.rate << " measured (" << *leak.low
                                  << " to " << *leak.high << "), " << points.size() << " samples");
  return leak;
}

std::vector<std::string> command(const Leaking& leaking) {
  return {SQUALL_PROGRAMS "/leaking-process", std::to_string(leaking.rate),
          std::to_string(leaking.seconds), std::to_string(leaking.batch)};
}

/// What growth the kernel's lots can show or hide: one at the start and one at the end.
double slack_of(const Leaking& leaking) {
  constexpr double lot = 64 * 4096e-6;  // MB
  return 2 * lot * 3600 / (0.9 * leaking.seconds);
}

/// Both at once, for they only wait.
void check(const Leaking& leaking, const Leaking& still, const LeakRules& rules) {
  Process first(command(leaking));
  Process second(command(still));
  const LeakRate leak = judge(first, leaking, rules);
  BOOST_TEST((leak.finding == LeakFinding::leaks), leak.explanation);
  BOOST_TEST(*leak.low <= leaking.rate + slack_of(leaking));
  BOOST_TEST(*leak.high >= leaking.rate - slack_of(leaking));
  const LeakRate flat = judge(second, still, rules);
  BOOST_TEST((flat.finding != LeakFinding::leaks));
  BOOST_TEST(*flat.low <= slack_of(still));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_process_that_leaks_is_found_and_one_of_batches_is_not_accused) {
  check({.rate = 900, .seconds = 30}, {.rate = 0, .seconds = 30, .batch = 4},
        {.shortest = 10s, .harmful = 100});
}

BOOST_AUTO_TEST_CASE(sixty_megabytes_an_hour_are_found_in_ten_minutes_of_batches,
                     *label("long") * disabled()) {
  check({.rate = 60, .seconds = 600, .batch = 4}, {.rate = 0, .seconds = 600, .batch = 4}, {});
}
